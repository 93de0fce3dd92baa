/** What stands before the line of the container, in a log that a collector, a viewer or a terminal has written. */
export interface PrefixForm {
  readonly name: string
  /** Matches the prefix at the start of a line. The groups `stream`, `tag`, `pod` and `container` are read if there are any. */
  readonly pattern: RegExp
}

const stamp = '\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?'
const zone = '(?:Z|\\s?[+-]\\d\\d:?\\d\\d)'
/** A pod, container or host name (RFC 1123). */
const name = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?'
/** Names of pods and hosts have a hyphen or a number, unlike the words of a sentence. */
const numberedName = `(?=[a-z0-9.]*[-\\d])${name}`
/** A trailing blank is lost when the rest of the line is empty. */
const blank = '(?: |$)'

/** Files of the kubelet. Source: pkg/kubelet/kuberuntime/logs of Kubernetes. */
export const criForm: PrefixForm = {
  name: 'CRI',
  pattern: new RegExp(`^${stamp}${zone} (?<stream>stdout|stderr) (?<tag>[PF])(?::\\S{1,20})?${blank}`),
}

/** Python files of Airflow that repeat the lines of a pod or of spark-submit. */
const airflowFiles =
  '(?:pod_manager|pod_launcher|kubernetes_pod|pod|pod_launcher_deprecated|spark_kubernetes|spark_submit|spark_submit_hook|spark_kubernetes_sensor|logging_mixin|subprocess|base|bash|ssh)'

/**
 * Prefixes that no layout of a driver's own log looks like. They are removed wherever they occur.
 * Sources: `kubectl logs --prefix`: pkg/cmd/logs of kubectl; Airflow:
 * providers/cncf/kubernetes/utils/pod_manager.py; syslog: RFC 3164 and RFC 5424; journald: `journalctl -o short` and `short-iso`.
 */
export const certainForms: readonly PrefixForm[] = [
  criForm,
  {
    name: 'kubectl logs --prefix',
    pattern: new RegExp(`^\\[pod/(?<pod>${name})/(?<container>${name})\\]${blank}`),
  },
  {
    name: 'Airflow',
    pattern: new RegExp(
      `^\\[\\d{4}-\\d\\d-\\d\\d[T, ]{1,2}\\d\\d:\\d\\d:\\d\\d[^\\]]{0,20}\\] \\{${airflowFiles}\\.py:\\d{1,6}\\} [A-Z]{4,8} -(?: \\[(?<container>${name})\\])?${blank}`,
    ),
  },
  {
    name: 'syslog',
    pattern: new RegExp(
      `^(?:<\\d{1,3}>)?(?:[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?|${stamp}${zone}) [\\w.-]{1,253} [\\w./@-]{1,200}\\[\\d{1,9}\\]:${blank}`,
    ),
  },
  {
    name: 'syslog (RFC 5424)',
    pattern: new RegExp(
      `^<\\d{1,3}>1 ${stamp}${zone} \\S{1,253} \\S{1,100} \\S{1,100} \\S{1,100} (?:-|(?:\\[[^\\]]{0,300}\\])+)${blank}`,
    ),
  },
  { name: 'kail', pattern: new RegExp(`^(?<ns>${name})/(?<pod>${name})\\[(?<container>${name})\\]:${blank}`) },
  { name: 'logcli', pattern: new RegExp(`^${stamp}${zone} \\{[a-z_]{1,60}="[^}]{0,600}\\}${blank}`) },
]

/** Times, which may also be that of a record's own layout. */
export const timeForms: readonly PrefixForm[] = [
  { name: 'timestamps', pattern: new RegExp(`^\\[?${stamp}${zone}?\\]?${blank}`) },
  { name: 'clock', pattern: /^\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?(?: |$)/ },
  { name: 'month', pattern: /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: |$)/ },
]

/**
 * Prefixes that may also belong to the layout of the log itself, or to a line of a program. They are removed only if
 * most lines have them, see {@link learnPrefix}.
 */
export const possibleForms: readonly PrefixForm[] = [
  ...timeForms,
  { name: 'compose', pattern: /^[\w.@-]{1,100}\s{0,40}\|(?: |$)/ },
  { name: 'stern', pattern: new RegExp(`^(?<pod>${numberedName})(?: ›)? (?<container>${name})(?: ›)?${blank}`) },
  { name: 'log group', pattern: new RegExp(`^(?=[a-z])${numberedName}/${name}(?:/${name})?:?${blank}`) },
  { name: 'bracketed name', pattern: new RegExp(`^\\[${numberedName}(?:[/ ]${name})?\\]:?${blank}`) },
  { name: 'name', pattern: new RegExp(`^${numberedName}(?:\\[\\d{1,9}\\])?(?::|>)${blank}`) },
  {
    name: 'Python logging',
    pattern:
      /^\[?\d{4}-\d\d-\d\d[T, ]{1,2}\d\d:\d\d:\d\d[^\s\]]{0,20}\]?(?: [-|])? \{?[\w.-]{1,100}(?::\d{1,6})?\}?(?: [-|])? (?:INFO|WARNING|ERROR|DEBUG) (?:[-|] )?/,
  },
]
