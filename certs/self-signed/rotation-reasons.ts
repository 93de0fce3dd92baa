/** Why the next step is what it is: a stable code and its sentence. */
export const rotationReasons = {
  'secret-absent': 'the Secret is not there',
  'secret-empty': 'the Secret holds nothing yet',
  'secret-corrupted': 'what the Secret holds is of no use',
  'ca-expired': 'the certificate authority has expired',
  'ca-not-yet-valid': 'the certificate authority is not valid yet, by our clock and the API server’s',
  'ca-due': 'the certificate authority has lived two thirds of its life',
  'leaf-unusable': 'the serving certificate in the Secret is of no use',
  'leaf-hosts': 'the serving certificate lacks a name of the Service',
  'leaf-due': 'the serving certificate has lived two thirds of its life',
  'leaf-not-yet-valid': 'the serving certificate is not valid yet, by our clock and the API server’s',
  'ca-not-trusted': 'a webhook’s caBundle lacks an authority that it should hold',
  'ca-bundle-stale': 'a webhook’s caBundle holds what has expired or is no certificate',
  'others-not-needed': 'every replica serves what the newest authority signed; the others leave the caBundle',
  'new-ca-proven': 'the new authority is trusted everywhere, and a connection of our own verified',
  'old-ca-ends': 'the old authority ends soon; no connection of our own can be waited for',
  'old-ca-expired': 'the old authority has expired',
  'waiting-for-configuration': 'the webhook configuration is not there',
  'waiting-for-hold': 'every API server has to hear of the new authority first',
  'waiting-for-dial': 'no connection of our own through the Service has verified with the caBundle yet',
  'waiting-for-replicas': 'connections that trust the newest authority alone have not verified for long enough',
  settled: 'nothing is to be done',
} as const

export type RotationReason = keyof typeof rotationReasons
