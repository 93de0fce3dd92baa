import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../run-cli.ts'

const account = 'spark.kubernetes.authenticate.driver.serviceAccountName=spark'

const substituted = '$'.concat('{spark.mine}')

/** Settings and the ids of their findings, such as `VALUE` or `DEPRECATED`. A `!` marks an error. */
const cases: readonly (readonly [settings: string, found: readonly string[], version?: string])[] = [
  ['spark.driver.memory=1g', []],
  ['spark.driver.memory=4Gi', ['VALUE!']],
  ['spark.driver.memory=1.5g', ['VALUE!']],
  ['spark.driver.memory=2048', ['HEAP-UNIT!']],
  ['spark.driver.memory=449m', ['HEAP-SMALL!']],
  ['spark.driver.memory=450m', []],
  ['spark.executor.memory=100', ['HEAP-SMALL!']],
  ['spark.executor.memory=2048', []],
  ['spark.sql.shuffle.partitions=many', ['VALUE!']],
  ['spark.sql.shuffle.partitions=0', ['VALUE!']],
  [`spark.sql.shuffle.partitions=${substituted}`, []],
  ['spark.eventLog.enabled=yes', ['VALUE!']],
  ['spark.eventLog.enabled=TRUE', []],
  ['spark.memory.storageFraction=1.0', ['VALUE!']],
  ['spark.memory.storageFraction=.5', []],
  ['spark.network.timeout=1.5h', ['VALUE!']],
  ['spark.network.timeout=10s', ['HEARTBEAT!']],
  ['spark.network.timeout=10001ms', ['HEARTBEAT!']],
  ['spark.network.timeout=11s', []],
  ['spark.kubernetes.container.image.pullPolicy=always', ['VALUE!']],
  ['spark.sql.storeAssignmentPolicy=ansi', []],
  ['spark.sql.autoBroadcastJoinThreshold=-1', []],
  ['spark.memory.fraction=1.5', ['VALUE!']],
  ['spark.network.crypto.enabled=true', ['ENCRYPTION!']],
  ['spark.network.crypto.enabled=true\nspark.authenticate=true', []],
  ['spark.executor.heartbeatInterval=10', ['UNIT']],
  ['spark.executor.heartbeatInterval=10000', []],
  ['spark.network.timeout=120', []],
  ['spark.driver.maxResultSize=1024', ['UNIT']],
  ['spark.driver.maxResultSize=1024k', []],
  ['spark.driver.maxResultSize=0', []],
  ['spark.sql.files.maxPartitionBytes=134217728', []],
  ['spark.executor.memroy=4g', ['SPELLING']],
  ['spark.executor.memoryoverhead=1g', ['SPELLING']],
  ['spark.kubernetes.driver.labels.team=x', ['SPELLING']],
  ['spark.kubernetes.driver.label.team=x', []],
  ['spark.kubernetes.nonsense=x', ['UNKNOWN-KEY']],
  ['spark.openlineage.transport.url=x', []],
  ['spark.rapids.sql.enabled=true', []],
  ['spark.hadoop.fs.s3a.endpoint=x', []],
  ['memory=4g', ['NOT-SPARK']],
  ['spark.yarn.queue=x', ['OTHER-MANAGER']],
  ['spark.mesos.coarse=true', ['OTHER-MANAGER']],
  ['spark.blacklist.enabled=true', ['DEPRECATED']],
  ['spark.blacklist.enabled=true', [], '3.0.3'],
  ['spark.shuffle.unsafe.file.output.buffer=32k', ['DEPRECATED'], '4.0.0'],
  ['spark.shuffle.unsafe.file.output.buffer=32k', [], '3.5.1'],
  ['spark.shuffle.localDisk.file.output.buffer=32k', ['TOO-NEW'], '3.5.1'],
  ['spark.shuffle.localDisk.file.output.buffer=32k', [], '4.0.0'],
  ['spark.sql.legacy.parquet.int96RebaseModeInRead=LEGACY', ['REMOVED!'], '4.0.0'],
  ['spark.sql.legacy.parquet.int96RebaseModeInRead=CORRECTED', ['REMOVED'], '4.0.0'],
  ['spark.sql.legacy.parquet.int96RebaseModeInRead=LEGACY', ['DEPRECATED'], '3.5.1'],
  ['spark.kubernetes.pyspark.pythonVersion=3', ['REMOVED'], '4.1.0'],
  ['spark.driver.minMemoryOverhead=1g', ['TOO-NEW'], '3.5.1'],
  ['spark.dynamicAllocation.enabled=true', []],
  ['spark.dynamicAllocation.enabled=true', ['DYNAMIC-SHUFFLE!'], '3.3.0'],
  ['spark.dynamicAllocation.enabled=true\nspark.dynamicAllocation.shuffleTracking.enabled=false', ['DYNAMIC-SHUFFLE!']],
  ['spark.dynamicAllocation.enabled=true\nspark.executor.instances=3', ['DYNAMIC-INSTANCES']],
  ['spark.dynamicAllocation.enabled=false\nspark.executor.instances=3', []],
  [
    'spark.dynamicAllocation.enabled=true\nspark.dynamicAllocation.minExecutors=3\nspark.dynamicAllocation.maxExecutors=2',
    ['DYNAMIC-BOUNDS!'],
  ],
  ['spark.dynamicAllocation.enabled=true\nspark.dynamicAllocation.maxExecutors=0', ['DYNAMIC-BOUNDS!']],
  [
    'spark.dynamicAllocation.enabled=true\nspark.dynamicAllocation.initialExecutors=3\nspark.dynamicAllocation.maxExecutors=2',
    ['DYNAMIC-BOUNDS'],
  ],
  ['spark.driver.memoryOverhead=1g\nspark.driver.memoryOverheadFactor=0.3', ['OVERHEAD-FACTOR']],
  ['spark.driver.memory=8g\nspark.driver.memoryOverhead=100m', ['OVERHEAD-SMALL']],
  ['spark.driver.memory=8g\nspark.driver.memoryOverhead=500m', []],
  ['spark.memory.offHeap.enabled=true', ['OFF-HEAP!']],
  ['spark.memory.offHeap.enabled=true\nspark.memory.offHeap.size=1g', []],
  ['spark.driver.extraJavaOptions=-XX:+UseG1GC -Xmx2g', ['HEAP-OPTION!']],
  ['spark.driver.extraJavaOptions=-Xms2g', ['HEAP-OPTION!']],
  ['spark.driver.extraJavaOptions=-Xms1g', []],
  ['spark.driver.extraJavaOptions=-Dspark.x=y', []],
  ['spark.executor.extraJavaOptions=-Dspark.x=y', ['HEAP-OPTION!']],
  ['spark.executor.cores=1\nspark.task.cpus=2', ['TASK-CPUS!']],
  ['spark.kubernetes.driver.request.cores=2\nspark.kubernetes.driver.limit.cores=1', ['CORES!']],
  ['spark.driver.cores=2\nspark.kubernetes.driver.limit.cores=1500m', ['CORES!']],
  ['spark.kubernetes.executor.request.cores=half', ['CORES!']],
  ['spark.kubernetes.executor.request.cores=500m', []],
  ['spark.master=k8s://https://api', []],
  ['spark.master=yarn', ['MASTER']],
  ['spark.master=yarn\nspark.yarn.queue=x', ['MASTER']],
  ['spark.master=https://api:6443', ['MASTER!']],
  ['spark.submit.deployMode=both', ['MASTER!']],
  ['spark.submit.deployMode=client', ['MASTER']],
  ['spark.driver.host=10.0.0.1', ['DRIVER-ADDRESS']],
  ['spark.driver.host=10.0.0.1\nspark.submit.deployMode=cluster', ['DRIVER-ADDRESS!']],
  ['spark.driver.host=10.0.0.1\nspark.submit.deployMode=client', ['MASTER']],
  ['spark.executor.instances=0', ['VALUE!']],
  ['spark.executor.instances=two', ['VALUE!']],
  ['spark.executor.instances=2', []],
  ['spark.executor.instances=0\nspark.dynamicAllocation.enabled=true', ['DYNAMIC-INSTANCES']],
  ['spark.kryoserializer.buffer.max=2g', ['VALUE!']],
  ['spark.kryoserializer.buffer.max=2047m', []],
  ['spark.rpc.message.maxSize=2048', ['VALUE!']],
  ['spark.testing.reservedMemory=1048576\nspark.executor.memory=256m', []],
  ['spark.executor.resource.gpu.amount=1', ['RESOURCE!']],
  ['spark.executor.resource.gpu.amount=1\nspark.executor.resource.gpu.vendor=nvidia.com', ['RESOURCE']],
  [
    'spark.executor.resource.gpu.amount=1\nspark.executor.resource.gpu.vendor=nvidia.com\nspark.executor.resource.gpu.discoveryScript=/gpus.sh',
    [],
  ],
  ['spark.task.resource.gpu.amount=1', ['RESOURCE!']],
  ['spark.shuffle.service.enabled=true', ['SHUFFLE-SERVICE!']],
  ['spark.shuffle.service.enabled=true\nspark.shuffle.manager=org.apache.spark.shuffle.rss.Manager', []],
  ['spark.eventLog.enabled=true', []],
  ['spark.jars.packages=a:b:1', []],
  ['spark.kubernetes.nonsense=x', [], '4.2.0'],
  ['spark.kubernetes.driver.pod.name=Nightly', ['POD-NAME!']],
  [`spark.kubernetes.executor.podNamePrefix=${'a'.repeat(237)}`, []],
  [`spark.kubernetes.executor.podNamePrefix=${'a'.repeat(238)}`, ['POD-NAME!']],
  ['spark.kubernetes.driver.volumes.hostPath.data.mount.path=/data', ['VOLUME!']],
  ['spark.kubernetes.driver.volumes.emptyDir.data.mount.path=/data', []],
  ['spark.kubernetes.driver.volumes.bogus.data.mount.path=/data', ['VOLUME!']],
  ['spark.kubernetes.driver.secretKeyRef.TOKEN=name', ['VOLUME!']],
  ['spark.kubernetes.driver.secretKeyRef.TOKEN=name:key', []],
  ['spark.kubernetes.driver.annotation.spark-nanny.io/interval=5', ['SETTING']],
  ['spark.kubernetes.driver.annotation.spark-nanny.io/interval=5s', []],
]

describe('configuration rules', () => {
  for (const [settings, found, version = '3.5.1'] of cases) {
    test(`${settings.replaceAll('\n', ' ')} in Spark ${version} → ${found.join(', ') || 'no finding'}`, async () => {
      const { stdout, exitCode } = await runCli(['validate', '-f', 'conf', '--spark-version', version, '-o', 'json'], {
        conf: `${account}\n${settings}\n`,
      })
      const findings: readonly { id: string; severity: string }[] = JSON.parse(stdout).findings
      const foundIds = findings.map(
        ({ id, severity }) => `${id.replace('SPN-VALIDATE-', '')}${severity === 'error' ? '!' : ''}`,
      )
      assert.deepEqual(foundIds, found)
      assert.equal(exitCode, found.some((id) => id.endsWith('!')) ? 3 : 0)
    })
  }

  test('no service account is set → warning', async () => {
    const { stdout, exitCode } = await runCli(['validate', '-f', 'conf', '--strict'], {
      conf: 'spark-submit --master k8s://https://api --deploy-mode cluster --class A local:///a.jar',
    })
    assert.match(stdout, /SPN-VALIDATE-SERVICE-ACCOUNT/)
    assert.equal(exitCode, 4)
  })
})
