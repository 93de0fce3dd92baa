/**
 * Whether a name looks like that of a secret: wider than Spark's own default
 * (spark.redaction.regex: `secret|password|token|access[.]?key`).
 */
export function isSecretName(name: string): boolean {
  return secretName.test(name.slice(-300)) && !harmless.test(name)
}

const secretName =
  /pass(word|wd|phrase|code)|(^|[._-])pass$|pwd$|secret|token|credential|access[._-]?key|private[._-]?key|api[._-]?key|account[._-]?key|encryption[._-]?key|signing[._-]?key|\bsas\b|sasl\.jaas|authorization|connection[._-]?string/i

/** Kubernetes' and Spark's words for where a secret is, which is none. */
const harmless =
  /^(secretName|secretKeyRef|secretRef|secrets|imagePullSecrets|tokenExpirationSeconds|serviceAccountToken|automountServiceAccountToken|defaultTokenMode)$/
