import { change, deletePod, inspect, rerun } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { failedConnection, refusedPythonConnection } from './exit-symptoms.ts'
import { endingException, logSource } from './facts.ts'
import { observed, type Rule, whilePending } from './rule.ts'

const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'] as const

const fatal = ['uncaught', 'error', 'printed'] as const
const apiServerRefused = inspect(
  'Test the connection from a pod in the same namespace',
  'kubectl -n {namespace} run look --rm -i --restart=Never --image={image} -- bash -c "echo > /dev/tcp/kubernetes.default.svc/443"',
)

const connectionFailed =
  /java\.net\.(ConnectException|SocketTimeoutException|NoRouteToHostException)|ConnectTimeoutException|connection timed out/

/**
 * DNS names, connections and certificates. Sources of the messages: java.net (PlainSocketImpl, Inet6AddressImpl), Netty's
 * AnnotatedConnectException, sun.security.ssl; fabric8's kubernetes-client 6 and 7 (OperationSupport).
 */
export const networkRules: readonly Rule[] = [
  {
    id: 'SPN-NETWORK-DNS',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'A host name cannot be resolved',
    detail: 'The host name {host} cannot be resolved',
    meaning:
      'The name is misspelled, the cluster’s DNS does not respond, or the pod does not use the cluster’s DNS (dnsPolicy with hostNetwork).',
    matchers: [
      inLog('java.net.UnknownHostException: {host}: ', fatal),
      inLog('java.net.UnknownHostException: {host}', fatal),
      inLog('java.nio.channels.UnresolvedAddressException', fatal),
      inLog("Failed to resolve '{host}'", fatal),
      inLog('could not translate host name "{host}" to address', fatal),
      inLog("Unknown MySQL server host '{host}'", fatal),
      inLog('Could not resolve host: {host}', [...fatal, 'output']),
      inLog('^socket.gaierror: [Errno', ['uncaught', 'error']),
      inLog('Name or service not known', ['uncaught']),
      inLog('Temporary failure in name resolution', ['uncaught']),
      inLog('No resolvable bootstrap urls given', fatal),
    ],
    explains: [
      ...ends,
      'SPN-NETWORK-REFUSED',
      'SPN-NETWORK-METASTORE',
      'SPN-NETWORK-KAFKA',
      'SPN-APPLICATION-JOB-ABORTED',
    ],
    remedies: [
      inspect(
        'Resolve the name from a pod in the same namespace',
        'kubectl -n {namespace} run look --rm -i --restart=Never --image={image} -- getent hosts {host}',
      ),
      inspect('Check whether the cluster’s DNS is healthy', 'kubectl -n kube-system get pods -l k8s-app=kube-dns'),
    ],
  },
  {
    id: 'SPN-NETWORK-API',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The driver cannot reach the Kubernetes API server',
    meaning:
      'The driver creates its executors through https://kubernetes.default.svc. A network policy or a mesh sidecar that is not ready blocks the connection, or the API server itself is down.',
    matchers: [
      inLog('Connection refused: kubernetes.default.svc', fatal),
      inLog('connection timed out after {ms} ms: kubernetes.default.svc', fatal),
      inLog('connection timed out: kubernetes.default.svc', fatal),
      inLog('Failed to connect to kubernetes.default.svc', fatal),
      inLog('etcdserver: request timed out', fatal),
      inLog('etcdserver: leader changed', fatal),
      observed('an uncaught KubernetesClientException caused by a failed connection', (facts) => {
        const chain = endingException(facts)
        const client = chain.findIndex(({ text }) =>
          text.includes('io.fabric8.kubernetes.client.KubernetesClientException'),
        )
        const failed = client < 0 ? undefined : chain.slice(client).find(({ text }) => connectionFailed.test(text))
        if (failed === undefined) return undefined
        return { evidence: [{ source: logSource(facts), line: failed.number, excerpt: failed.text, count: 1 }] }
      }),
    ],
    explains: [...ends, 'SPN-NETWORK-REFUSED'],
    remedies: [
      apiServerRefused,
      inspect('List the network policies', 'kubectl -n {namespace} get networkpolicies'),
      rerun('Run it again, if the API server was only temporarily unavailable'),
    ],
  },
  {
    id: 'SPN-NETWORK-TLS',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'A TLS connection failed',
    detail: 'A TLS connection failed: {why}',
    meaning:
      'The Java in the image does not trust the certificate, or the certificate has expired or is for another name.',
    matchers: [
      inLog('javax.net.ssl.SSLHandshakeException: {why}', fatal),
      inLog('javax.net.ssl.SSLPeerUnverifiedException: {why}', fatal),
      inLog('sun.security.provider.certpath.SunCertPathBuilderException: {why}', fatal),
      inLog('java.security.cert.CertificateExpiredException: {why}', fatal),
      inLog('[SSL: CERTIFICATE_VERIFY_FAILED] {why}', fatal),
      inLog('ssl.SSLCertVerificationError: {why}', fatal),
    ],
    explains: [...ends, 'SPN-NETWORK-REFUSED', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change(
        'Add the CA certificate to the image’s truststore, or set another truststore: spark.driver.extraJavaOptions=-Djavax.net.ssl.trustStore=…',
      ),
      change(
        'Read the certificate that the server shows with `openssl s_client -showcerts`, and compare its names and dates',
      ),
    ],
  },
  {
    id: 'SPN-NETWORK-BIND',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The driver could not open its port',
    detail: 'The driver could not open its port: {why}',
    meaning:
      'The port is in use (several drivers on one host network), or spark.driver.bindAddress is not an address of the pod.',
    matchers: [inLog('^java.net.BindException: {why}', fatal)],
    explains: ends,
    remedies: [
      change(
        'Do not set spark.driver.bindAddress and spark.driver.host. With hostNetwork, choose free ports (spark.driver.port, spark.ui.port)',
      ),
    ],
  },
  {
    id: 'SPN-NETWORK-REFUSED',
    cause: 'network',
    severity: 'error',
    confidence: 'medium',
    title: 'A connection was refused or timed out',
    detail: 'A connection failed: {why}',
    meaning: 'A service that the application needs is down, has another address, or is blocked by a network policy.',
    matchers: [
      observed('the root of the exception that ended the program is a failed connection', (facts) =>
        failedConnection(facts),
      ),
      inLog('java.net.ConnectException: {why}', ['uncaught', 'printed']),
      inLog('java.net.SocketTimeoutException: {why}', ['uncaught', 'printed']),
      inLog('java.net.NoRouteToHostException: {why}', ['uncaught', 'printed']),
      inLog('Failed to establish a new connection: {why}', ['uncaught']),
      inLog('Could not connect to the endpoint URL: {why}', ['uncaught']),
      inLog('Communications link failure{why}', ['uncaught']),
      inLog('The connection attempt failed{why}', ['uncaught']),
      inLog('The TCP/IP connection to the host {why} has failed', ['uncaught']),
      inLog('The Network Adapter could not establish the connection{why}', ['uncaught']),
      inLog('KeeperErrorCode = ConnectionLoss{why}', ['uncaught']),
      observed('a connection error of Python without frames of py4j ended the program', (facts) =>
        refusedPythonConnection(facts),
      ),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      inspect('Find out what the application connects to', 'kubectl -n {namespace} logs {pod} | grep -A3 Exception'),
      rerun('Run it again when the service is available'),
    ],
  },
  {
    id: 'SPN-NETWORK-METASTORE',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The Hive metastore cannot be reached',
    detail: 'The Hive metastore cannot be reached: {why}',
    meaning: 'The metastore is down, has another address (hive.metastore.uris), or a network policy blocks it.',
    matchers: [
      inLog('Could not connect to meta store using any of the URIs provided. Most recent failure: {why}', ['uncaught']),
      inLog('Could not connect to meta store using any of the URIs provided{why}', ['uncaught']),
    ],
    explains: [...ends, 'SPN-NETWORK-REFUSED', 'SPN-APPLICATION-ANALYSIS', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('Correct spark.hadoop.hive.metastore.uris, or start the metastore'),
      inspect('List the network policies', 'kubectl -n {namespace} get networkpolicies'),
      rerun('Run it again when the metastore responds'),
    ],
  },
  {
    id: 'SPN-NETWORK-KAFKA',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The Kafka brokers cannot be reached',
    detail: 'The Kafka brokers cannot be reached: {why}',
    meaning:
      'No broker answered in time. The bootstrap addresses are wrong, the security protocol does not fit, or the brokers advertise addresses that the pod cannot reach.',
    matchers: [
      inLog('Timed out waiting for a node assignment{why}', ['uncaught', 'error']),
      inLog('Timeout expired while fetching topic metadata{why}', ['uncaught', 'error']),
      inLog('Timeout of {ms} expired before the position for partition {why}', ['uncaught', 'error']),
      inLog('Failed to update metadata after {why}', ['uncaught', 'error']),
      inLog('NoBrokersAvailable{why}', ['uncaught', 'error']),
    ],
    explains: [...ends, 'SPN-NETWORK-REFUSED', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change(
        'Correct kafka.bootstrap.servers and kafka.security.protocol, and check advertised.listeners of the brokers',
      ),
      rerun('Run it again when the brokers respond'),
    ],
  },
  {
    id: 'SPN-NETWORK-PACKAGES',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The repository of the packages cannot be reached',
    detail: 'The repository of the packages cannot be reached: {url}',
    meaning:
      'spark-submit downloads spark.jars.packages when it starts. The pod has no way to the repository, or needs a proxy or a mirror.',
    matchers: [
      inOutput('Server access error at url {url} ('),
      inOutput('Server access Error: {why} url={url}'),
      inOutput('SERVER ERROR: {why} url={url}'),
    ],
    explains: [
      ...ends,
      'SPN-NETWORK-REFUSED',
      'SPN-NETWORK-DNS',
      'SPN-NETWORK-TLS',
      'SPN-CLASSPATH-PACKAGES',
      'SPN-CLASSPATH-JAR',
      'SPN-CLASSPATH-CLASS',
    ],
    remedies: [
      change('Put the jars into the image, which also makes the start faster and independent of the repository'),
      change(
        'Or set a mirror with spark.jars.repositories or spark.jars.ivySettings, or allow the pod to reach the repository',
      ),
    ],
  },
  {
    id: 'SPN-NETWORK-SANDBOX',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The node cannot set up the pod’s network',
    meaning:
      'The container network on the node fails or has no free addresses, so the driver’s container cannot be created.',
    matchers: [
      whilePending('Failed to create pod sandbox: {why}', 'FailedCreatePodSandBox'),
      whilePending('network is not ready: {why}', 'NetworkNotReady'),
    ],
    remedies: [
      inspect(
        'Check the node and its network pods',
        'kubectl describe node {node}',
        'kubectl -n kube-system get pods -o wide --field-selector spec.nodeName={node}',
      ),
      deletePod(
        'Delete the pod, so that the new one can be scheduled on another node',
        'kubectl -n {namespace} delete pod {pod}',
      ),
    ],
  },
]
