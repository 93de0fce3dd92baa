import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark application of the cluster tests. The first argument names the behaviour, see {@link #main}.
 * Whatever a test waits for is one line on standard output that begins with "app: ".
 */
public final class App {
  public static void main(String[] args) throws Exception {
    String mode = args.length > 0 ? args[0] : "pi";
    switch (mode) {
      case "pi" -> pi(number(args, 1, 4));
      case "loop" -> loop(number(args, 1, 0), number(args, 2, 1000));
      case "late-end" -> lateEnd(number(args, 1, 60));
      case "gc-pauses" -> loop(number(args, 1, 60), 200);
      case "blocked-task" -> blockedTask();
      case "idle" -> idle(number(args, 1, 60));
      case "driver-compute" -> driverCompute(number(args, 1, 60));
      case "streaming" -> streaming(number(args, 1, 60));
      case "fail" -> fail(number(args, 1, 3));
      case "deadlock" -> deadlock();
      default -> throw new IllegalArgumentException("unknown mode " + mode);
    }
  }

  /** One job over `partitions` partitions, then a clean end. */
  private static void pi(int partitions) {
    try (JavaSparkContext spark = context()) {
      int samples = partitions * 100_000;
      long inside = spark.parallelize(range(samples), partitions).filter(i -> {
        double x = Math.random() * 2 - 1;
        double y = Math.random() * 2 - 1;
        return x * x + y * y <= 1;
      }).count();
      say("pi is roughly " + 4.0 * inside / samples);
    }
  }

  /** Small jobs of two tasks, each `taskMillis` long, for `seconds` (0: for ever). */
  private static void loop(int seconds, int taskMillis) throws InterruptedException {
    try (JavaSparkContext spark = context()) {
      long end = deadline(seconds);
      for (int job = 1; System.nanoTime() < end; job++) {
        jobOf(spark, 2, taskMillis);
        say("job " + job + " done, executors " + executors(spark));
      }
      say("loop ended");
    }
  }

  /** A job, then a stopped context, and a JVM that takes `seconds` more to exit with 0. */
  private static void lateEnd(int seconds) {
    JavaSparkContext spark = context();
    jobOf(spark, 2, 1000);
    Thread late = new Thread(() -> {
      sleep(seconds * 1000L);
      say("late end after " + seconds + " s");
    }, "late-end");
    late.setDaemon(false);
    say("job 1 done, executors " + executors(spark));
    spark.stop();
    say("context stopped");
    late.start();
  }

  /** One finished job, then a job of two tasks of which one never ends, while the driver and its UI stay well. */
  private static void blockedTask() {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 200);
      say("job 1 done, executors " + executors(spark));
      say("blocking");
      spark.parallelize(range(2), 2).foreach(i -> {
        if (i == 1) sleep(Long.MAX_VALUE);
      });
    }
  }

  /** A context that is up and runs one job every 20 seconds, nothing between, for `seconds`. */
  private static void idle(int seconds) {
    try (JavaSparkContext spark = context()) {
      long end = deadline(seconds);
      for (int job = 1; System.nanoTime() < end; job++) {
        jobOf(spark, 2, 100);
        say("job " + job + " done, executors " + executors(spark));
        sleep(Math.max(0, Math.min(20_000, (end - System.nanoTime()) / 1_000_000)));
      }
      say("idle ended");
    }
  }

  /** A job, `seconds` of computing on the driver's own thread, another job. */
  private static void driverCompute(int seconds) {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      say("job 1 done, executors " + executors(spark));
      long end = deadline(seconds);
      double sum = 0;
      while (System.nanoTime() < end) {
        for (int i = 1; i < 100_000; i++) sum += Math.sqrt(i);
        // Half a core is enough to be a computing driver; the tests share two.
        sleep(5);
      }
      jobOf(spark, 2, 100);
      say("job 2 done, executors " + executors(spark) + ", sum " + sum);
    }
  }

  /** A structured streaming query over the rate source, for `seconds`. */
  private static void streaming(int seconds) throws Exception {
    SparkSession spark = SparkSession.builder().config("spark.sql.shuffle.partitions", "1").getOrCreate();
    say("context up");
    var query = spark.readStream().format("rate").option("rowsPerSecond", "5").option("numPartitions", "1").load()
        .writeStream().format("noop").trigger(org.apache.spark.sql.streaming.Trigger.ProcessingTime("2 seconds")).start();
    say("streaming");
    query.awaitTermination(seconds * 1000L);
    query.stop();
    say("streaming ended");
    spark.stop();
  }

  /** A job, then the exit of a user error with `code`. */
  private static void fail(int code) {
    JavaSparkContext spark = context();
    jobOf(spark, 2, 100);
    say("failing with " + code);
    System.exit(code);
  }

  /** A job, then two threads of which each holds what the other waits for. The driver and its UI stay well. */
  private static void deadlock() throws InterruptedException {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      Object first = new Object();
      Object second = new Object();
      Thread other = new Thread(() -> {
        synchronized (second) {
          sleep(1000);
          synchronized (first) {
            say("the other thread got through");
          }
        }
      }, "other");
      synchronized (first) {
        other.start();
        sleep(1000);
        say("deadlock");
        synchronized (second) {
          say("the main thread got through");
        }
      }
    }
  }

  private static JavaSparkContext context() {
    JavaSparkContext spark = new JavaSparkContext(new SparkConf());
    say("context up " + spark.sc().applicationId());
    return spark;
  }

  private static void jobOf(JavaSparkContext spark, int tasks, int taskMillis) {
    spark.parallelize(range(tasks), tasks).foreach(i -> sleep(taskMillis));
  }

  private static int executors(JavaSparkContext spark) {
    // The status tracker counts the driver too.
    return spark.sc().statusTracker().getExecutorInfos().length - 1;
  }

  private static List<Integer> range(int size) {
    List<Integer> list = new ArrayList<>(Collections.nCopies(size, 0));
    for (int i = 0; i < size; i++) list.set(i, i);
    return list;
  }

  private static int number(String[] args, int index, int otherwise) {
    return args.length > index ? Integer.parseInt(args[index]) : otherwise;
  }

  private static long deadline(int seconds) {
    return seconds == 0 ? Long.MAX_VALUE : System.nanoTime() + seconds * 1_000_000_000L;
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  private static void say(String line) {
    System.out.println("app: " + line);
    System.out.flush();
  }
}
