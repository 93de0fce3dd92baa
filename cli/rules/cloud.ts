import { change, inspect } from '../findings/remedies.ts'
import { listNodes } from '../log/exceptions/exception-tree.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import { inLog } from '../log/matcher.ts'
import type { Facts } from './facts.ts'
import { findFailure } from './failure.ts'
import { observed, type Rule, type RuleMatch } from './rule.ts'

const ends = [
  'SPN-EXIT-*',
  'SPN-APPLICATION-EXCEPTION',
  'SPN-APPLICATION-PYTHON',
  'SPN-APPLICATION-PY4J',
  'SPN-APPLICATION-JOB-ABORTED',
  'SPN-NETWORK-REFUSED',
  'SPN-NETWORK-DNS',
  'SPN-PERMISSION-STORAGE',
] as const

const places: readonly LineOrigin[] = ['uncaught', 'thread', 'error', 'printed']
const seeAccount = inspect(
  'Check the service account',
  'kubectl -n {namespace} get serviceaccount {serviceAccount} -o yaml',
)

/**
 * Addresses from which clouds hand out identities. An exception about one of them is about the identity of the pod, not about
 * a service that is down.
 */
function findMetadataFailure(facts: Facts, address: RegExp): RuleMatch | undefined {
  const failure = findFailure(facts)
  const node = failure && listNodes(failure.tree).find(({ message }) => address.test(message))
  if (failure === undefined || node === undefined) return undefined
  const details = { why: failure.reason }
  return {
    evidence: failure.evidence,
    details,
    byExecutor: failure.root.byExecutor,
    ...(failure.kind === 'logged' && { weight: 'logged' }),
  }
}

const googleMetadata =
  /metadata\.google\.internal|computeMetadata|access token from (the )?metadata|Compute Engine metadata|metadata server/i
const azureMetadata = /169\.254\.169\.254\/metadata|\bIMDS\b|AzureML?Msi|MsiToken/i
const awsMetadata =
  /169\.254\.(169\.254\/latest|170\.2)|EC2 metadata|EC2MetadataUtils|instance ?metadata|Failed to connect to service endpoint/i

/**
 * The identities that clouds give to pods. Sources of the messages: AWS SDK for Java 1 and 2, botocore; google-auth and Google’s
 * Hadoop connectors; azure-identity and hadoop-azure.
 */
export const cloudRules: readonly Rule[] = [
  {
    id: 'SPN-CONFIG-AWS-REGION',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'No AWS region is set, or the wrong one',
    meaning:
      'The AWS SDK takes the region from AWS_REGION, a system property, a profile or the node’s metadata. None has one.',
    matchers: [
      inLog('Unable to load region from', places),
      inLog('Unable to find a region via the region provider chain', places),
      inLog('NoRegionError: You must specify a region', places),
      inLog('Region must be specified either via environment variable', places),
      inLog('the region {wrong} is wrong; expecting', places),
    ],
    explains: [...ends, 'SPN-PERMISSION-AWS-IDENTITY'],
    remedies: [
      change(
        'Set AWS_REGION for the driver and the executors: spark.kubernetes.driverEnv.AWS_REGION, spark.executorEnv.AWS_REGION',
      ),
      change('For S3A, set spark.hadoop.fs.s3a.endpoint.region; for Iceberg, client.region of the catalog'),
    ],
  },
  {
    id: 'SPN-CONFIG-S3-BAD-REQUEST',
    cause: 'config',
    severity: 'error',
    confidence: 'medium',
    title: 'S3 rejects the request as invalid (400)',
    meaning:
      'S3 gives no reason. Usually the region or the endpoint is not that of the bucket. Temporary credentials that are wrong or expired also lead to it.',
    matchers: [
      inLog('(Service: Amazon S3; Status Code: 400; Error Code: 400 Bad Request', places),
      inLog('(Service: S3, Status Code: 400', places),
      inLog('AWSBadRequestException: {request}', places),
      inLog('An error occurred (400) when calling the {request} operation', places),
      inLog('AuthorizationHeaderMalformed', places),
    ],
    explains: [...ends, 'SPN-PERMISSION-AWS-IDENTITY'],
    remedies: [
      change(
        'Set spark.hadoop.fs.s3a.endpoint.region and, for storage that is not AWS, spark.hadoop.fs.s3a.endpoint and spark.hadoop.fs.s3a.path.style.access=true',
      ),
      change(
        'If temporary credentials are used: pass all three values, with the session token, or let the pod use a role',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-AWS-IDENTITY',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The pod has no AWS identity, or AWS rejects it',
    detail: 'The pod has no AWS identity that AWS accepts: {why}',
    meaning:
      'The SDK found no credentials, or the pod’s service account may not assume the role (IRSA, Pod Identity), or the credentials are wrong or expired.',
    matchers: [
      inLog('uthorized to perform{why}: sts:AssumeRoleWithWebIdentity', places),
      inLog('Not authorized to perform sts:AssumeRole{why} (Service', places),
      inLog('Not authorized to perform sts:AssumeRole{why}', places),
      inLog('AssumeRoleWithWebIdentity operation: {why}', places),
      inLog('Unable to load AWS credentials from {+why}', places),
      inLog('Unable to load credentials from {+why}', places),
      inLog('NoCredentialsError: {why}', places),
      inLog('NoAuthWithAWSException: {why}', places),
      inLog('The security token included in the request is {+why}', places),
      inLog('The provided token {+why}', places),
      inLog('The AWS Access Key Id you provided does not exist{+why}', places),
      inLog('The request signature we calculated does not match{+why}', places),
      observed('an exception about the address from which AWS hands out credentials', (facts) =>
        findMetadataFailure(facts, awsMetadata),
      ),
    ],
    explains: ends,
    remedies: [
      seeAccount,
      change(
        'With IRSA: annotate the service account with eks.amazonaws.com/role-arn, and let the role’s trust policy name system:serviceaccount:{namespace}:{serviceAccount}',
      ),
      change(
        'Set spark.hadoop.fs.s3a.aws.credentials.provider to the WebIdentityToken provider of the SDK that your hadoop-aws uses',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-GOOGLE-IDENTITY',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The pod has no Google identity',
    detail: 'The pod has no Google identity: {why}',
    meaning:
      'The client found no key and asked the metadata server, which is not there or has no identity for the pod’s service account (Workload Identity).',
    matchers: [
      inLog('DefaultCredentialsError: {why}', places),
      inLog('google.auth.exceptions.RefreshError: {why}', places),
      inLog('Application Default Credentials are not available{why}', places),
      inLog('default credentials were not found{why}', places),
      inLog('ComputeEngineCredentials cannot find the metadata server{why}', places),
      inLog('Error getting access token from metadata server at: {why}', places),
      observed('an exception about the address from which Google hands out tokens', (facts) =>
        findMetadataFailure(facts, googleMetadata),
      ),
    ],
    explains: [...ends, 'SPN-PERMISSION-AWS-IDENTITY'],
    remedies: [
      seeAccount,
      change(
        'With Workload Identity: annotate the service account with iam.gke.io/gcp-service-account, or grant the role to its principal',
      ),
      change(
        'With a key: mount it with spark.kubernetes.driver.secrets.*, set GOOGLE_APPLICATION_CREDENTIALS, and spark.hadoop.google.cloud.auth.service.account.json.keyfile',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-AZURE-IDENTITY',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The pod has no Azure identity, or Azure rejects it',
    detail: 'The pod has no Azure identity that Azure accepts: {why}',
    meaning:
      'No credential of the chain is available, the managed identity is not assigned to the node or the pod, or Entra ID rejected the client.',
    matchers: [
      inLog('DefaultAzureCredential failed to retrieve a token{why}', places),
      inLog('CredentialUnavailableError: {why}', places),
      inLog('CredentialUnavailableException: {why}', places),
      inLog('ClientAuthenticationError: {why}', places),
      inLog('ManagedIdentityCredential authentication {why}', places),
      inLog('AADSTS{why}', places),
      observed('an exception about the address from which Azure hands out tokens', (facts) =>
        findMetadataFailure(facts, azureMetadata),
      ),
    ],
    explains: [...ends, 'SPN-PERMISSION-AWS-IDENTITY', 'SPN-PERMISSION-GOOGLE-IDENTITY'],
    remedies: [
      seeAccount,
      change(
        'With Workload Identity: annotate the service account with azure.workload.identity/client-id, and label the pods with azure.workload.identity/use: "true"',
      ),
      change('Set spark.hadoop.fs.azure.account.auth.type and the OAuth provider that belongs to it'),
    ],
  },
]
