import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Scanner;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.k8s.KubernetesConf$;
import org.apache.spark.deploy.k8s.submit.JavaMainAppResource;
import org.apache.spark.deploy.k8s.submit.KubernetesDriverBuilder;
import org.apache.spark.deploy.k8s.submit.MainAppResource;
import org.apache.spark.deploy.k8s.submit.PythonMainAppResource;
import org.apache.spark.network.util.ByteUnit;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.resource.ResourceProfile$;
import org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBuilder;
import scala.Option;

/**
 * Answers questions with the code of Spark itself. For a configuration it prints the resources of the driver and executor
 * pods that Spark would create, or the reason why Spark refuses. For a size or a time it prints its value. Each line of
 * stdin is a JSON question, each line of stdout an answer. Run by ask.ts with Spark's jars, without a cluster.
 */
public final class SparkPods {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    Scanner questions = new Scanner(System.in);
    while (questions.hasNextLine()) {
      Map<?, ?> question = JSON.readValue(questions.nextLine(), Map.class);
      Map<String, Object> answer = new LinkedHashMap<>();
      if (question.get("size") instanceof String size) answer.put("value", value(() -> JavaUtils.byteStringAs(size, unit(question))));
      else if (question.get("time") instanceof String time) answer.put("value", value(() -> JavaUtils.timeStringAs(time, time(question))));
      else pods(question, answer);
      System.out.println(JSON.writeValueAsString(answer));
    }
  }

  private static void pods(Map<?, ?> question, Map<String, Object> answer) {
    SparkConf conf = new SparkConf(false);
    ((Map<?, ?>) question.get("conf")).forEach((key, value) -> conf.set(key.toString(), value.toString()));
    conf.set("spark.app.name", "oracle").set("spark.master", "k8s://https://oracle.invalid").set("spark.kubernetes.container.image", "oracle:1");
    boolean python = "python".equals(question.get("language"));
    MainAppResource resource = python ? new PythonMainAppResource("local:///app.py") : new JavaMainAppResource(Option.apply("local:///app.jar"));
    try {
      var driverConf = KubernetesConf$.MODULE$.createDriverConf(conf, "spark-oracle", resource, "App", new String[0], Option.apply(null));
      var spec = new KubernetesDriverBuilder().buildFromFeatures(driverConf, null);
      answer.put("driver", resources(spec.pod().container().getResources()));
      SparkConf running = conf.clone();
      spec.systemProperties().foreach(pair -> running.set(pair._1(), pair._2()));
      running.set("spark.driver.host", "oracle").set("spark.kubernetes.resource.type", python ? "python" : "java");
      // The settings that a SparkContext checks first.
      running.set("spark.executor.id", "driver").validateSettings();
      ResourceProfile$.MODULE$.clearDefaultProfile();
      var profile = ResourceProfile$.MODULE$.getOrCreateDefaultProfile(running);
      var executorConf = KubernetesConf$.MODULE$.createExecutorConf(running, "1", "spark-oracle", Option.apply((Pod) null), 0);
      var executor = new KubernetesExecutorBuilder().buildFromFeatures(executorConf, new SecurityManager(running, Option.apply(null), null), null, profile);
      answer.put("executor", resources(executor.pod().container().getResources()));
    } catch (Throwable refused) {
      answer.put("refused", refused.getClass().getSimpleName() + ": " + String.valueOf(refused.getMessage()).lines().findFirst().orElse(""));
    }
  }

  private static Map<String, Object> resources(ResourceRequirements resources) {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("requests", amounts(resources.getRequests()));
    told.put("limits", amounts(resources.getLimits()));
    return told;
  }

  private static Map<String, String> amounts(Map<String, io.fabric8.kubernetes.api.model.Quantity> amounts) {
    Map<String, String> told = new java.util.TreeMap<>();
    amounts.forEach((name, quantity) -> told.put(name, quantity.toString()));
    return told;
  }

  private interface Read {
    long read();
  }

  private static String value(Read read) {
    try {
      return String.valueOf(read.read());
    } catch (RuntimeException refused) {
      return null;
    }
  }

  private static ByteUnit unit(Map<?, ?> question) {
    return ByteUnit.valueOf(String.valueOf(question.get("unit")).equals("b") ? "BYTE" : question.get("unit").toString());
  }

  private static java.util.concurrent.TimeUnit time(Map<?, ?> question) {
    return switch (String.valueOf(question.get("unit"))) {
      case "us" -> java.util.concurrent.TimeUnit.MICROSECONDS;
      case "s" -> java.util.concurrent.TimeUnit.SECONDS;
      case "min" -> java.util.concurrent.TimeUnit.MINUTES;
      default -> java.util.concurrent.TimeUnit.MILLISECONDS;
    };
  }
}
