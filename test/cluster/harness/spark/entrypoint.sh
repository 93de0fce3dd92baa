#!/bin/bash
# The contract of Spark's own Kubernetes image, with its arguments; the launcher builds the driver's command line
# (memory, extra Java options, module opens) from the properties file as bin/spark-submit does.
set -e
classpath="$SPARK_HOME/conf:$SPARK_HOME/jars/*"
# The launcher asks for the version of Scala, which Spark's own scripts set.
core=$(echo "$SPARK_HOME"/jars/spark-core_*.jar)
scala=${core##*spark-core_}
export SPARK_SCALA_VERSION="${scala%%-*}"

case "$1" in
  driver)
    shift
    while IFS= read -r -d '' word; do
      command+=("$word")
    done < <("$JAVA_HOME/bin/java" -Xmx64m -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
      -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main org.apache.spark.deploy.SparkSubmit \
      --conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS" \
      --conf "spark.executorEnv.SPARK_DRIVER_POD_IP=$SPARK_DRIVER_BIND_ADDRESS" \
      --deploy-mode client "$@")
    # The launcher begins with a NUL and a newline, to tell its answer from what the JVM may print before it.
    command=("${command[@]:1}")
    command[0]="${command[0]#$'\n'}"
    [ -n "${command[0]}" ] || { echo 'spark launcher gave no command' >&2; exit 1; }
    ;;
  executor)
    shift
    while IFS= read -r line; do
      [ -n "$line" ] && options+=("$line")
    done < <(env | grep '^SPARK_JAVA_OPT_' | sort -t_ -k4 -n | sed 's/[^=]*=\(.*\)/\1/')
    command=("$JAVA_HOME/bin/java" "${options[@]}"
      "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" -cp "$classpath"
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend
      --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES"
      --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP"
      --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" --podName "$SPARK_EXECUTOR_POD_NAME")
    ;;
  *)
    exec "$@"
    ;;
esac

exec /usr/bin/tini -s -- "${command[@]}"
