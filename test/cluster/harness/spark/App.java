import com.codahale.metrics.Counter;
import java.io.Serializable;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext$;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.scheduler.LiveListenerBus;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.scheduler.TaskScheduler;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.util.AccumulatorV2;
import scala.Function1;
import scala.Function2;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.runtime.BoxedUnit;

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
      case "slow-lock" -> slowLock(number(args, 1, 60));
      case "scheduler-death" -> schedulerDeath(args[1]);
      case "busy-pause" -> busyPause(number(args, 1, 90));
      case "large-heap" -> largeHeap(number(args, 1, 60), number(args, 2, 100));
      case "memory-exhaustion" -> memoryExhaustion();
      case "main-returns" -> mainReturns(number(args, 1, 0));
      case "compute-after-stop" -> computeAfterStop(number(args, 1, 60));
      case "slow-start" -> slowStart(number(args, 1, 60));
      case "queries" -> queries(number(args, 1, 60), args[2]);
      case "allocation" -> allocation(number(args, 1, 60), args[2].equals("stops"));
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
      compute(seconds);
      jobOf(spark, 2, 100);
      say("job 2 done, executors " + executors(spark));
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

  /** A job, then main waits `seconds` for a lock that a computing thread holds, another job. */
  private static void slowLock(int seconds) throws InterruptedException {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      say("job 1 done, executors " + executors(spark));
      Object lock = new Object();
      Thread holder = new Thread(() -> {
        synchronized (lock) {
          compute(seconds);
        }
      }, "holder");
      holder.start();
      sleep(1000);
      say("waiting for the lock");
      synchronized (lock) {
        jobOf(spark, 2, 100);
      }
      say("job 2 done, executors " + executors(spark));
    }
  }

  /**
   * A job, then one of a single task whose end makes the event loop of the DAG scheduler run out of memory. The loop ends,
   * the UI stays well. With two tasks, Spark itself would find the loop dead at the next event, and stop its context.
   * `accumulator`: the job stays active. `result`: it ends for the UI and the metrics, but main waits for it.
   */
  private static void schedulerDeath(String at) {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      say("job 1 done, executors " + executors(spark));
      say("scheduler dies");
      if (at.equals("accumulator")) {
        Exhausting sum = new Exhausting();
        spark.sc().register(sum, "exhausting");
        spark.parallelize(range(1), 1).foreach(i -> sum.add(1L));
      } else {
        Function1<Iterator<Integer>, Integer> size = (Function1<Iterator<Integer>, Integer> & Serializable) rows -> 1;
        Function2<Object, Integer, BoxedUnit> handler = (partition, result) -> {
          throw new OutOfMemoryError("in the scheduler's event loop");
        };
        spark.sc().runJob(spark.parallelize(range(1), 1).rdd(), size, handler, ClassTag.apply(Integer.class));
      }
      say("the scheduler survived");
    }
  }

  /** An accumulator that is too large to be merged on the driver. */
  private static final class Exhausting extends AccumulatorV2<Long, Long> {
    private long sum;

    @Override public boolean isZero() {
      return sum == 0;
    }

    @Override public AccumulatorV2<Long, Long> copy() {
      Exhausting copy = new Exhausting();
      copy.sum = sum;
      return copy;
    }

    @Override public void reset() {
      sum = 0;
    }

    @Override public void add(Long value) {
      sum += value;
    }

    @Override public void merge(AccumulatorV2<Long, Long> other) {
      throw new OutOfMemoryError("in the scheduler's event loop");
    }

    @Override public Long value() {
      return sum;
    }
  }

  /**
   * A job, then `seconds` in which no thread of the JVM runs but one that burns CPU, as in a long garbage collection: the
   * others wait at a safepoint that this one does not reach. Then another job. It needs the C2 compiler and SerialGC.
   */
  private static void busyPause(int seconds) throws InterruptedException {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      say("job 1 done, executors " + executors(spark));
      for (int i = 0; i < 20_000; i++) sink += withoutSafepoint(System.nanoTime() + 10_000);
      say("pausing");
      Thread collector = new Thread(() -> {
        sleep(1000);
        System.gc();
      }, "collector");
      collector.start();
      sink += withoutSafepoint(System.nanoTime() + seconds * 1_000_000_000L);
      say("paused");
      jobOf(spark, 2, 100);
      say("job 2 done, executors " + executors(spark));
    }
  }

  /** Counts until `end` in a loop without a safepoint: its variable is an int, and nothing in it can call into the JVM. */
  private static long withoutSafepoint(long end) {
    long sum = 0;
    for (int i = 0; i < Integer.MAX_VALUE; i++) {
      sum += i;
      if (System.nanoTime() > end) break;
    }
    return sum;
  }

  /** A job, `megabytes` of heap that no compression makes smaller, then jobs for `seconds`. */
  private static void largeHeap(int seconds, int megabytes) {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      say("job 1 done, executors " + executors(spark));
      List<byte[]> heap = new ArrayList<>();
      Random random = new Random(1);
      for (int i = 0; i < megabytes; i++) {
        byte[] block = new byte[1 << 20];
        random.nextBytes(block);
        heap.add(block);
      }
      say("filled");
      long end = deadline(seconds);
      for (int job = 2; System.nanoTime() < end; job++) {
        jobOf(spark, 2, 1000);
        say("job " + job + " done, executors " + executors(spark));
      }
      say("kept " + heap.size() + " MB");
    }
  }

  /** A job, then a heap that stays full: one garbage collection follows another, and none ends it. */
  private static void memoryExhaustion() {
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      say("job 1 done, executors " + executors(spark));
      say("exhausting the memory");
      Object[] heap = null;
      // A chain of small objects makes each collection slow.
      while (true) {
        try {
          while (true) heap = new Object[] {heap, new byte[64]};
        } catch (OutOfMemoryError full) {
          // Gives back a little, so that the JVM survives and collects again.
          for (int i = 0; i < 500 && heap != null; i++) heap = (Object[]) heap[0];
        }
      }
    }
  }

  /**
   * Main returns after a job, and a thread that is no daemon stays: for ever, or until it has run jobs for `seconds`. Since
   * Spark 3.2, SparkSubmit closes the context when main returns. It does not find this one, as an older Spark does not.
   */
  private static void mainReturns(int seconds) {
    JavaSparkContext spark = context();
    jobOf(spark, 2, 100);
    say("job 1 done, executors " + executors(spark));
    Thread rest = new Thread(() -> {
      long end = deadline(seconds);
      for (int job = 2; seconds > 0 && System.nanoTime() < end; job++) {
        jobOf(spark, 2, 1000);
        say("job " + job + " done, executors " + executors(spark));
      }
      if (seconds == 0) sleep(Long.MAX_VALUE);
      spark.stop();
    }, "rest");
    rest.setDaemon(false);
    rest.start();
    SparkContext$.MODULE$.clearActiveContext();
    say("main returns");
  }

  /** A job, a stopped context, and a main thread that then computes for `seconds`. */
  private static void computeAfterStop(int seconds) {
    JavaSparkContext spark = context();
    jobOf(spark, 2, 100);
    say("job 1 done, executors " + executors(spark));
    spark.stop();
    say("context stopped");
    compute(seconds);
    say("computed " + seconds + " s after stop()");
  }

  /** `seconds` before there is a context, then a job. */
  private static void slowStart(int seconds) {
    say("starting slowly");
    sleep(seconds * 1000L);
    try (JavaSparkContext spark = context()) {
      jobOf(spark, 2, 100);
      say("job 1 done, executors " + executors(spark));
    }
  }

  /**
   * Two streaming queries, for `seconds`. The first is well. What the second does: `well`; `fails` in its third batch;
   * `fails-alone`: there is no other, and main waits for what no longer comes; `fails-and-computes`: there is no other, and
   * main waits for a thread that computes for `seconds`; `ends`: it is stopped in good order;
   * `blocks` in its third batch for ever; `slow`: each batch takes 25 seconds; `idle`: it gets no data.
   */
  private static void queries(int seconds, String second) throws Exception {
    SparkSession spark = SparkSession.builder().config("spark.sql.shuffle.partitions", "1").getOrCreate();
    say("context up");
    boolean isAlone = second.equals("fails-alone") || second.equals("fails-and-computes");
    if (!isAlone) {
      query(spark, "good", rate(spark), (rows, batch) -> {
        rows.collectAsList();
        say("job " + (batch + 1) + " done, batch " + batch + " of good");
      });
    }
    Dataset<Row> source = second.equals("idle")
        ? spark.readStream().schema("line STRING").text(Files.createTempDirectory("empty").toString())
        : rate(spark);
    StreamingQuery other = query(spark, second, source, (rows, batch) -> {
      rows.collectAsList();
      say("batch " + batch + " of " + second);
      if (batch == 3 && second.startsWith("fails")) {
        say("failing");
        throw new IllegalStateException("the third batch fails");
      }
      if (batch == 3 && second.equals("blocks")) {
        say("blocking");
        sleep(Long.MAX_VALUE);
      }
      if (second.equals("slow")) sleep(25_000);
    });
    if (second.equals("fails-alone")) new CountDownLatch(1).await();
    if (second.equals("fails-and-computes")) {
      Thread pool = new Thread(() -> compute(seconds), "pool-1-thread-1");
      pool.start();
      pool.join();
    }
    long end = second.equals("fails-and-computes") ? System.nanoTime() : deadline(seconds);
    while (System.nanoTime() < end) {
      sleep(1000);
      if (second.equals("ends") && other.isActive() && other.lastProgress() != null) {
        other.stop();
        say("stopped one query");
      }
    }
    for (StreamingQuery query : spark.streams().active()) query.stop();
    say("queries ended");
    spark.stop();
  }

  private static Dataset<Row> rate(SparkSession spark) {
    return spark.readStream().format("rate").option("rowsPerSecond", "5").option("numPartitions", "1").load();
  }

  private static StreamingQuery query(
      SparkSession spark, String name, Dataset<Row> source, VoidFunction2<Dataset<Row>, Long> batch) throws Exception {
    return source.writeStream().queryName(name).foreachBatch(batch).trigger(Trigger.ProcessingTime("2 seconds")).start();
  }

  /**
   * Dynamic allocation from no executors: a job, a pause in which they go, and again, for `seconds`. If it `stops`, the
   * allocation manager misses that the second job has work, as when a slow listener lets its queue overflow. It does not ask
   * for executors, and none is left whose tasks could show it the work.
   */
  private static void allocation(int seconds, boolean stops) throws InterruptedException {
    try (JavaSparkContext spark = context()) {
      long end = deadline(seconds);
      for (int job = 1; System.nanoTime() < end; job++) {
        if (stops && job == 2) {
          while (executors(spark) > 0) sleep(500);
          loseNextStage(spark);
        }
        jobOf(spark, 2, 1000);
        say("job " + job + " done, executors " + executors(spark));
        if (!stops) sleep(20_000);
      }
    }
  }

  /** Keeps the allocation manager's queue full until Spark has submitted the next stage, so that it drops this event. */
  private static void loseNextStage(JavaSparkContext spark) throws InterruptedException {
    LiveListenerBus bus = spark.sc().listenerBus();
    Counter dropped = bus.metrics().metricRegistry().counter("queue.executorManagement.numDroppedEvents");
    CountDownLatch blocked = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    bus.addToManagementQueue(new SparkListener() {
      @Override public void onOtherEvent(SparkListenerEvent event) {
        if (!(event instanceof Filler)) return;
        blocked.countDown();
        try {
          released.await();
        } catch (InterruptedException stopped) {
          Thread.currentThread().interrupt();
        }
      }
    });
    bus.post(new Filler());
    blocked.await();
    while (dropped.getCount() == 0) bus.post(new Filler());
    Thread release = new Thread(() -> {
      // The thread that posts the stage hands its tasks to the scheduler afterwards.
      TaskScheduler scheduler = spark.sc().taskScheduler();
      while (scheduler.rootPool().schedulableQueue().isEmpty()) sleep(100);
      released.countDown();
      say("allocation stops, " + dropped.getCount() + " events dropped");
    }, "release");
    release.setDaemon(true);
    release.start();
  }

  /** An event that no listener of Spark knows. */
  private static final class Filler implements SparkListenerEvent {}

  private static volatile long sink;

  private static void compute(int seconds) {
    long end = deadline(seconds);
    double sum = 0;
    while (System.nanoTime() < end) {
      for (int i = 1; i < 100_000; i++) sum += Math.sqrt(i);
      // Half a core is enough to be a computing driver; the tests share two.
      sleep(5);
    }
    sink += (long) sum;
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
