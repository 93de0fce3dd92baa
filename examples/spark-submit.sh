#!/usr/bin/env bash
# SparkPi by plain spark-submit. The namespace needs the label spark-nanny.io/inject=enabled.
set -euo pipefail

# Without an operator nothing resubmits the application, so a hung driver is restarted in place, at most 3 times an hour.
spark-submit \
  --master "k8s://${KUBERNETES_API_SERVER:?for example https://10.0.0.1:6443}" \
  --deploy-mode cluster \
  --name spark-pi \
  --class org.apache.spark.examples.SparkPi \
  --conf spark.kubernetes.namespace=jobs \
  --conf spark.kubernetes.container.image=apache/spark:4.0.0 \
  --conf spark.kubernetes.authenticate.driver.serviceAccountName=spark \
  --conf spark.kubernetes.driver.annotation.spark-nanny.io/stall-deadline=45m \
  --conf spark.kubernetes.driver.annotation.spark-nanny.io/max-restarts=3 \
  --conf spark.driver.memory=1g \
  --conf spark.executor.instances=2 \
  local:///opt/spark/examples/jars/spark-examples.jar
