/** Why a step is next: a stable code and its sentence. */
export const rotationReasons = {
  'secret-absent': 'the Secret does not exist',
  'secret-empty': 'the Secret is empty',
  'secret-corrupted': 'the contents of the Secret are unusable',
  'ca-expired': 'the certificate authority has expired',
  'ca-not-yet-valid': 'the certificate authority is not valid yet by the clocks of spark-nanny and of the API server',
  'ca-due': 'two thirds of the validity of the certificate authority have passed',
  'leaf-unusable': 'the serving certificate in the Secret is unusable',
  'leaf-hosts': 'the serving certificate lacks a name of the Service',
  'leaf-due': 'two thirds of the validity of the serving certificate have passed',
  'leaf-not-yet-valid': 'the serving certificate is not valid yet by the clocks of spark-nanny and of the API server',
  'ca-not-trusted': 'the caBundle of a webhook lacks a required authority',
  'ca-bundle-stale': 'the caBundle of a webhook contains an expired or invalid certificate',
  'others-not-needed':
    'every replica serves a certificate of the newest authority, so the other authorities are removed from the caBundle',
  'new-ca-proven': 'every webhook trusts the new authority, and a test connection has verified it',
  'old-ca-ends': 'the old authority expires soon, so the rotation does not wait for a test connection',
  'old-ca-expired': 'the old authority has expired',
  'waiting-for-configuration': 'the webhook configuration does not exist',
  'waiting-for-hold': 'waiting until every API server trusts the new authority',
  'waiting-for-dial': 'no test connection through the Service has verified with the caBundle yet',
  'waiting-for-replicas': 'test connections that trust only the newest authority have not verified for long enough',
  settled: 'nothing to do',
} as const

export type RotationReason = keyof typeof rotationReasons
