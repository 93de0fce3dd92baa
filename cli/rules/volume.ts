import { change, deletePod, inspect, rerun } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { isMounted, podAgeMs } from './facts.ts'
import { inMessages, item, observed, type Rule, whilePending, whileUnmounted } from './rule.ts'

/** Matches the scheduler's reason why no node accepts the pod. */
const unschedulable = (text: string) => whilePending(text, 'FailedScheduling')

/** spark-submit creates its ConfigMap right after the pod. If the ConfigMap is missing after this time, it never comes. */
const confMapPatienceMs = 120_000

/**
 * Volumes of the driver. A FailedMount that the kubelet recovered from is normal, especially for
 * spark-conf-volume-driver: Spark creates its ConfigMap after the pod (KubernetesClientApplication). So the mount rules
 * apply only while the driver's container has not run. Sources of the messages: pkg/volume/{secret,configmap}, volumemanager, attachdetach/reconciler (1.36).
 */
export const volumeRules: readonly Rule[] = [
  {
    id: 'SPN-VOLUME-CLAIM',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A PersistentVolumeClaim of the driver is missing or not bound',
    detail: 'The PersistentVolumeClaim {claim} is missing',
    meaning: 'The scheduler waits until each claim exists and has a volume that the node can reach.',
    matchers: [
      unschedulable('persistentvolumeclaim "{claim}" not found'),
      unschedulable('unbound immediate PersistentVolumeClaims'),
      unschedulable("node(s) didn't find available persistent volumes to bind"),
      unschedulable("node(s) didn't match PersistentVolume's node affinity"),
      unschedulable('node(s) had no available volume zone'),
      unschedulable('node(s) had volume node affinity conflict'),
      unschedulable('node(s) exceed max volume count'),
      unschedulable('ReadWriteOncePod access mode already in-use'),
    ],
    remedies: [
      inspect('Check which claims are not bound', 'kubectl -n {namespace} get persistentvolumeclaims'),
      change('Create the claim, or correct spark.kubernetes.driver.volumes.persistentVolumeClaim.*'),
    ],
  },
  {
    id: 'SPN-VOLUME-SPARK-CONF',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'Spark’s own ConfigMap was never created',
    detail: 'Spark’s own ConfigMap {configMap} was never created',
    meaning:
      'spark-submit creates the driver pod first and its ConfigMap afterwards. spark-submit ended or was rejected between the two steps, so this pod will never start.',
    matchers: [
      observed('spark-conf-volume-driver still fails to mount two minutes after the pod was created', (facts) => {
        if (facts.state !== 'pending' || isMounted(facts) || (podAgeMs(facts) ?? 0) < confMapPatienceMs)
          return undefined
        const event = facts.events.findLast(
          ({ reason, message }) => reason === 'FailedMount' && message.includes('volume "spark-conf-volume-driver"'),
        )
        if (event === undefined || facts.evidence.collectedMs - (event.lastMs ?? 0) > 5 * confMapPatienceMs)
          return undefined
        const details: Record<string, string> = facts.pod?.confMap == null ? {} : { configMap: facts.pod.confMap }
        return { evidence: [item('events', `FailedMount: ${event.message}`, event.count)], details }
      }),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      deletePod('Delete the pod and submit the application again', 'kubectl -n {namespace} delete pod {pod}'),
      rerun(
        'Before you submit again, find out why spark-submit ended: its permissions for ConfigMaps, a quota, or its own memory',
      ),
    ],
  },
  {
    id: 'SPN-VOLUME-CONFIGMAP',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume refers to a ConfigMap that does not exist',
    detail: 'The volume {volume} refers to ConfigMap {name}, which does not exist',
    meaning: 'The kubelet retries every one or two minutes until the ConfigMap exists.',
    matchers: [
      whileUnmounted(
        'MountVolume.SetUp failed for volume "{volume}" : configmap "{name}" not found',
        'spark-conf-volume-driver',
      ),
      whileUnmounted('configmap references non-existent config key: {name}'),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      inspect('List the ConfigMaps', 'kubectl -n {namespace} get configmaps'),
      change('Create {name} in {namespace}, or correct the volume'),
    ],
  },
  {
    id: 'SPN-VOLUME-SECRET',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume refers to a Secret that does not exist',
    detail: 'The volume {volume} refers to Secret {name}, which does not exist',
    meaning:
      'The kubelet retries every one or two minutes until the Secret exists and contains all keys that the volume uses.',
    matchers: [
      whileUnmounted('MountVolume.SetUp failed for volume "{volume}" : secret "{name}" not found'),
      whileUnmounted('references non-existent secret key: {name}'),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      inspect('List the Secrets', 'kubectl -n {namespace} get secrets'),
      change('Create {name} in {namespace}, or correct spark.kubernetes.driver.secrets.*'),
    ],
  },
  {
    id: 'SPN-VOLUME-ATTACH',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume cannot be attached to the driver’s node',
    meaning:
      'The volume is still attached to another node (ReadWriteOnce), or the storage driver refuses to attach it.',
    matchers: [
      whileUnmounted('Multi-Attach error for volume'),
      whileUnmounted('AttachVolume.Attach failed for volume'),
      whileUnmounted('AttachVolume.FindAttachablePluginBySpec failed for volume'),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      inspect('Check which node the volume is attached to', 'kubectl get volumeattachments'),
      deletePod('Delete the terminated pod that still uses the volume', 'kubectl -n {namespace} delete pod OLD_POD'),
    ],
  },
  {
    id: 'SPN-VOLUME-MOUNT',
    cause: 'volume',
    severity: 'error',
    confidence: 'medium',
    title: 'A volume cannot be mounted',
    detail: 'The volume {volume} cannot be mounted',
    meaning: 'The driver’s container does not start until the volume is mounted.',
    matchers: [
      observed('FailedMount events, and the driver has not started for two minutes', (facts) => {
        if (facts.state !== 'pending' || isMounted(facts) || (podAgeMs(facts) ?? 0) < confMapPatienceMs)
          return undefined
        const event = facts.events.findLast(({ reason }) => reason === 'FailedMount')
        if (event === undefined || facts.evidence.collectedMs - (event.lastMs ?? 0) > 5 * confMapPatienceMs)
          return undefined
        const volume = /volume "([^"]{1,100})"/.exec(event.message)?.[1]
        const details: Record<string, string> = volume === undefined ? {} : { volume }
        return { evidence: [item('events', `FailedMount: ${event.message}`, event.count)], details }
      }),
    ],
    remedies: [inspect('Read the kubelet’s messages about the pod', 'kubectl -n {namespace} describe pod {pod}')],
  },
  {
    id: 'SPN-VOLUME-NO-SPACE',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A disk is full',
    meaning:
      'A volume, or the node’s disk behind an emptyDir, is full. Shuffle and spill files, logs and checkpoints use this space.',
    matchers: [
      inLog('No space left on device', ['uncaught', 'thread', 'error', 'printed']),
      inMessages('no space left on device'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('Mount a separate volume for spark.local.dir: spark.kubernetes.driver.volumes.*.spark-local-dir-1.*'),
      inspect('Check whether the node’s disk is full', 'kubectl describe node {node}'),
    ],
    onExecutors: {
      when: 'thrown',
      remedies: [
        change('Mount a separate volume for spark.local.dir: spark.kubernetes.executor.volumes.*.spark-local-dir-1.*'),
        change('Shuffle and spill less: more executors, smaller joins, or a larger spark.executor.memory'),
      ],
    },
  },
  {
    id: 'SPN-VOLUME-EPHEMERAL',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'The driver was evicted because it used too much ephemeral storage',
    meaning:
      'Logs, the container’s own file system and emptyDirs together exceeded the ephemeral-storage limit, or an emptyDir exceeded its sizeLimit.',
    matchers: [
      inMessages('exceeded its local ephemeral storage limit', ['pod', 'event']),
      inMessages('Pod ephemeral local storage usage exceeds the total limit of containers', ['pod', 'event']),
      inMessages('Usage of EmptyDir volume', ['pod', 'event']),
    ],
    explains: ['SPN-EXIT-*', 'SPN-NODE-EVICTED'],
    remedies: [
      change(
        'Raise the ephemeral-storage limit or the emptyDir’s sizeLimit in the pod template, or mount a volume for spark.local.dir',
      ),
    ],
  },
]
