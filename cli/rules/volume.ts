import { change, inspect, rerun } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { isMounted, podAgeMs } from './facts.ts'
import { inMessages, item, observed, type Rule, whilePending, whileUnmounted } from './rule.ts'

/** What the scheduler says of a pod that no node takes. */
const unschedulable = (text: string) => whilePending(text, 'FailedScheduling')

/** Spark makes its ConfigMap right after the pod; a client that has not by now never will. */
const confMapPatienceMs = 120_000

/**
 * Volumes of the driver. A FailedMount that the kubelet got over is normal, above all that of spark-conf-volume-driver:
 * Spark creates its ConfigMap after the pod (KubernetesClientApplication). So all of these hold only while the driver's
 * container has not run. Sentences: pkg/volume/{secret,configmap}, volumemanager, attachdetach/reconciler (1.36).
 */
export const volumeRules: readonly Rule[] = [
  {
    id: 'SPN-VOLUME-CLAIM',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A PersistentVolumeClaim of the driver is missing or not bound',
    detail: 'The PersistentVolumeClaim {claim} is missing',
    meaning: 'The scheduler waits for each claim to exist and to have a volume that the node can reach.',
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
      inspect('See the claims and why they are not bound', 'kubectl -n {namespace} get persistentvolumeclaims'),
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
      'spark-submit creates the driver’s pod first and its ConfigMap after it. It died or was refused in between, so this pod will never start.',
    matchers: [
      observed(
        'a FailedMount of spark-conf-volume-driver that still stands two minutes after the pod was created',
        (facts) => {
          if (facts.state !== 'pending' || isMounted(facts) || (podAgeMs(facts) ?? 0) < confMapPatienceMs)
            return undefined
          const event = facts.events.findLast(
            ({ reason, message }) => reason === 'FailedMount' && message.includes('volume "spark-conf-volume-driver"'),
          )
          if (event === undefined || facts.evidence.collectedMs - (event.lastMs ?? 0) > 5 * confMapPatienceMs)
            return undefined
          const details: Record<string, string> = facts.pod?.confMap == null ? {} : { configMap: facts.pod.confMap }
          return { evidence: [item('events', `FailedMount: ${event.message}`, event.count)], details }
        },
      ),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      {
        kind: 'delete-pod',
        title: 'Delete the pod, and submit again',
        commands: ['kubectl -n {namespace} delete pod {pod}'],
      },
      rerun('Submit again, and see why the client ended: its rights on ConfigMaps, a quota, its own memory'),
    ],
  },
  {
    id: 'SPN-VOLUME-CONFIGMAP',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume is made of a ConfigMap that does not exist',
    detail: 'The volume {volume} is made of ConfigMap {name}, which does not exist',
    meaning: 'The kubelet tries again every minute or two until it exists.',
    matchers: [
      whileUnmounted(
        'MountVolume.SetUp failed for volume "{volume}" : configmap "{name}" not found',
        'spark-conf-volume-driver',
      ),
      whileUnmounted('configmap references non-existent config key: {name}'),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      inspect('See what is there', 'kubectl -n {namespace} get configmaps'),
      change('Create {name} in {namespace}, or correct the volume'),
    ],
  },
  {
    id: 'SPN-VOLUME-SECRET',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume is made of a Secret that does not exist',
    detail: 'The volume {volume} is made of Secret {name}, which does not exist',
    meaning: 'The kubelet tries again every minute or two until it exists, with all keys that the volume names.',
    matchers: [
      whileUnmounted('MountVolume.SetUp failed for volume "{volume}" : secret "{name}" not found'),
      whileUnmounted('references non-existent secret key: {name}'),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      inspect('See what is there', 'kubectl -n {namespace} get secrets'),
      change('Create {name} in {namespace}, or correct spark.kubernetes.driver.secrets.*'),
    ],
  },
  {
    id: 'SPN-VOLUME-ATTACH',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume cannot be attached to the driver’s node',
    meaning: 'Another node still has it (ReadWriteOnce), or the storage’s driver refuses.',
    matchers: [
      whileUnmounted('Multi-Attach error for volume'),
      whileUnmounted('AttachVolume.Attach failed for volume'),
      whileUnmounted('AttachVolume.FindAttachablePluginBySpec failed for volume'),
    ],
    explains: ['SPN-VOLUME-MOUNT'],
    remedies: [
      inspect('See who has it', 'kubectl get volumeattachments'),
      {
        kind: 'delete-pod',
        title: 'Delete the terminated pod that still has it',
        commands: ['kubectl -n {namespace} delete pod OLD_POD'],
      },
    ],
  },
  {
    id: 'SPN-VOLUME-MOUNT',
    cause: 'volume',
    severity: 'error',
    confidence: 'medium',
    title: 'A volume cannot be mounted',
    detail: 'The volume {volume} cannot be mounted',
    meaning: 'The driver’s container waits for it.',
    matchers: [
      observed('FailedMount events of a pod whose driver has not started for two minutes', (facts) => {
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
    remedies: [inspect('Read what the kubelet says of it', 'kubectl -n {namespace} describe pod {pod}')],
  },
  {
    id: 'SPN-VOLUME-NO-SPACE',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A disk of the driver is full',
    meaning:
      'A volume, or the node’s disk behind an emptyDir, has no room: shuffle and spill files, logs, or a checkpoint.',
    matchers: [
      inLog('No space left on device', ['uncaught', 'thread', 'error', 'printed']),
      inMessages('no space left on device'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('Give spark.local.dir a volume of its own: spark.kubernetes.driver.volumes.*.spark-local-dir-1.*'),
      inspect('See how full the node’s disk is', 'kubectl describe node {node}'),
    ],
  },
  {
    id: 'SPN-VOLUME-EPHEMERAL',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'The driver was evicted: it used more ephemeral storage than it may',
    meaning:
      'Logs, the container’s own file system and emptyDirs count together against the ephemeral-storage limit, or an emptyDir against its sizeLimit.',
    matchers: [
      inMessages('exceeded its local ephemeral storage limit', ['pod', 'event']),
      inMessages('Pod ephemeral local storage usage exceeds the total limit of containers', ['pod', 'event']),
      inMessages('Usage of EmptyDir volume', ['pod', 'event']),
    ],
    explains: ['SPN-EXIT-*', 'SPN-NODE-EVICTED'],
    remedies: [
      change(
        'Raise the ephemeral-storage limit or the emptyDir’s sizeLimit in the pod template, or give spark.local.dir a volume',
      ),
    ],
  },
]
