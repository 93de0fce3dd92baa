import type { FakeCluster } from '../check/fake-cluster.ts'

const node = {
  metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux' } },
  status: {
    allocatable: { cpu: '8', memory: '32Gi' },
    nodeInfo: { kubeletVersion: 'v1.36.3' },
    images: [{ names: ['docker.io/apache/spark:4.0.1'] }],
  },
}

/** A cluster that accepts a small application. */
export const healthyCluster: FakeCluster = {
  webhook: '0.1.0',
  objects: {
    '/api/v1/nodes': [node],
    '/api/v1/namespaces': [{ metadata: { name: 'jobs', labels: { 'spark-nanny.io/inject': 'enabled' } } }],
    '/api/v1/serviceaccounts': [
      { metadata: { name: 'spark', namespace: 'jobs' } },
      { metadata: { name: 'default', namespace: 'jobs' } },
    ],
    '/api/v1/limitranges': [],
    '/api/v1/resourcequotas': [],
  },
}

/** Returns the healthy cluster with additional or different objects. */
export function clusterWith(objects: FakeCluster['objects'], more: Partial<FakeCluster> = {}): FakeCluster {
  return { ...healthyCluster, ...more, objects: { ...healthyCluster.objects, ...objects } }
}

export const healthyConf = `spark.kubernetes.namespace jobs
spark.kubernetes.container.image apache/spark:4.0.1
spark.kubernetes.authenticate.driver.serviceAccountName spark
spark.driver.memory 1g
spark.executor.memory 1g
spark.executor.instances 2
`

export const healthyApplication = `apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata:
  name: nightly
  namespace: jobs
spec:
  type: Scala
  mode: cluster
  sparkVersion: 4.0.1
  image: apache/spark:4.0.1
  mainClass: com.example.Nightly
  mainApplicationFile: local:///opt/app.jar
  restartPolicy:
    type: OnFailure
    onFailureRetries: 2
  driver:
    cores: 1
    memory: 1g
    serviceAccount: spark
  executor:
    instances: 2
    cores: 1
    memory: 1g
`
