/** A SparkApplication with nearly every kind of mistake, and with a secret that must never be printed. */
export const applicationWithMistakes = `apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata:
  name: nightly
  namespace: jobs
  annotations:
    spark-nanny.io/stall-deadlin: 45m
spec:
  type: Scala
  mode: cluster
  sparkVersion: "3.5.1"
  image: apache/spark:3.5.1
  mainClass: com.example.Nightly
  mainApplicationFile: local:///opt/app.jar
  sparkConf:
    spark.executor.memroy: 4g
    spark.sql.shuffle.partitions: 0
    spark.driver.memory: "1.5g"
    spark.blacklist.enabled: "true"
    spark.kubernetes.foo: "1"
    spark.yarn.queue: root
    spark.driver.extraJavaOptions: -Xmx2g
    spark.network.timeout: 5s
    spark.dynamicAllocation.enabled: "true"
    spark.dynamicAllocation.minExecutors: "5"
    spark.dynamicAllocation.maxExecutors: "3"
    spark.hadoop.fs.s3a.secret.key: "topsecret"
    spark.jarz: https://user:topsecret@repo.invalid/a.jar
    spark.memory.offHeap.enabled: "true"
  driver:
    cores: 1
    coreLimit: 1
    memory: 1024
  executor:
    instances: 2
    memory: 2Gi
    memoryOverhead: 10m
`
