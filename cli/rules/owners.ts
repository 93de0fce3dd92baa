import type { ExceptionNode } from '../log/exceptions/exception-tree.ts'
import { findCausePath, findRootCause } from '../log/exceptions/root-cause.ts'

/** Who an exception belongs to, and who can therefore correct its cause. */
export interface Owner {
  /** As in “an exception of …”. */
  readonly name: string
  /**
   * platform: a service or a library that the program uses. spark: Spark itself. program: the program's own packages, or
   * nothing in the exception names another owner.
   */
  readonly kind: 'platform' | 'spark' | 'program'
}

const program: Owner = { name: 'the program', kind: 'program' }
const spark: Owner = { name: 'Spark', kind: 'spark' }
const platform = (name: string): Owner => ({ name, kind: 'platform' })

/**
 * Packages of Java and modules of Python, by owner. The first match counts, so that the parts of a package stand before it.
 * Relocated (shaded) packages contain the original name.
 */
const packages: readonly (readonly [RegExp, Owner])[] = [
  [
    /(^|\.)(software\.amazon|com\.amazonaws|com\.amazon)\.|^(botocore|boto3|aiobotocore|s3fs|awswrangler)\b|\.s3a\.|\.emrfs\./,
    platform('AWS'),
  ],
  [
    /(^|\.)(com\.azure|com\.microsoft\.(azure|aad))\.|^(azure|msal|adlfs)\b|\.azurebfs\.|\.fs\.azure\./,
    platform('Azure'),
  ],
  [/(^|\.)com\.google\.(cloud|api|auth)\.|^(google|gcsfs)\./, platform('Google Cloud')],
  [/(^|\.)io\.fabric8\.|^io\.kubernetes\.|^kubernetes\./, platform('the Kubernetes API')],
  [/(^|\.)org\.apache\.iceberg\.|^pyiceberg\./, platform('Iceberg')],
  [/(^|\.)(io\.delta|org\.apache\.spark\.sql\.delta)\.|^(delta|deltalake)\./, platform('Delta')],
  [/(^|\.)org\.apache\.hudi\./, platform('Hudi')],
  [/(^|\.)org\.apache\.paimon\./, platform('Paimon')],
  [
    /(^|\.)(org\.apache\.hadoop\.hive|org\.apache\.hive|org\.apache\.thrift)\.|^(pyhive|thrift)\.|^(MetaException|TTransportException|TApplicationException)$/,
    platform('Hive'),
  ],
  [
    /(^|\.)org\.apache\.spark\.(streaming\.kafka|sql\.kafka)|(^|\.)org\.apache\.kafka\.|^(kafka|confluent_kafka)\b|(^|\.)io\.confluent\./,
    platform('Kafka'),
  ],
  [/(^|\.)org\.apache\.(zookeeper|curator)\.|^kazoo\./, platform('ZooKeeper')],
  [/(^|\.)org\.apache\.hadoop\.hbase\./, platform('HBase')],
  [/(^|\.)(org\.ietf\.jgss|sun\.security\.krb5|javax\.security\.(auth|sasl))\./, platform('Kerberos')],
  [/(^|\.)org\.apache\.hadoop\.hdfs\./, platform('HDFS')],
  [/(^|\.)org\.apache\.hadoop\./, platform('Hadoop')],
  [/^(java\.sql|com\.zaxxer\.hikari|org\.apache\.commons\.dbcp2?)\./, platform('the database')],
  [/^com\.mysql\.|^org\.mariadb\.|^(pymysql|MySQLdb|mysql)\./, platform('MySQL')],
  [/^org\.postgresql\.|^(psycopg2?|asyncpg)\./, platform('PostgreSQL')],
  [/^com\.microsoft\.sqlserver\.|^(pyodbc|pymssql)\./, platform('SQL Server')],
  [/^oracle\.|^(cx_Oracle|oracledb)\./, platform('Oracle')],
  [/(^|\.)(net|com)\.snowflake\.|^snowflake\./, platform('Snowflake')],
  [/^(com\.clickhouse|ru\.yandex\.clickhouse)\.|^clickhouse/, platform('ClickHouse')],
  [/^(com\.datastax)\.|^cassandra\./, platform('Cassandra')],
  [/^com\.mongodb\.|^pymongo\./, platform('MongoDB')],
  [/^(org\.elasticsearch|co\.elastic|org\.opensearch)\.|^(elasticsearch|opensearchpy)\./, platform('Elasticsearch')],
  [/^(redis|io\.lettuce|redis\.clients)\./, platform('Redis')],
  [/^(trino|io\.trino|prestodb|com\.facebook\.presto)\./, platform('Trino')],
  [/^(sqlalchemy)\./, platform('the database')],
  [/^(mlflow)\./, platform('MLflow')],
  [/^org\.apache\.(parquet|avro|orc|arrow)\.|^(pyarrow|fastavro|fastparquet)\./, platform('the file format library')],
  [/^com\.databricks\.|^(databricks)\./, platform('Databricks’ library')],
  [/(^|\.)(org\.apache\.ivy)\./, platform('Ivy')],
  [
    /^(java\.net|javax\.net|java\.nio\.channels|sun\.security|sun\.net|java\.security\.cert|io\.netty|okhttp3|org\.apache\.http|org\.eclipse\.jetty|io\.grpc)\.|^(socket|ssl|requests|urllib3?|httpx|aiohttp|http\.client|grpc)\./,
    platform('the network or HTTP library'),
  ],
  [
    /^com\.(google\.common|fasterxml|esotericsoftware|thoughtworks|codahale|squareup)\.|^(org\.json4s|org\.slf4j|org\.apache\.(logging|log4j|commons))\./,
    platform('a library'),
  ],
  [/^org\.apache\.spark\.|^(pyspark|py4j)\./, spark],
]

/** Errors of the JVM itself, whatever code was running: classes that do not fit, and the JVM's own limits. */
const jvmErrors =
  /^java\.lang\.(\w*LinkageError|NoClassDefFoundError|NoSuch\w+Error|AbstractMethodError|IncompatibleClassChangeError|IllegalAccessError|UnsatisfiedLinkError|VerifyError|ClassFormatError|BootstrapMethodError|InternalError|ClassNotFoundException|UnsupportedClassVersionError|reflect\.InaccessibleObjectException|LayerInstantiationException|module\.\w+)$|^java\.util\.ServiceConfigurationError$/

/** Exceptions that any code throws. Their frames show the owner. */
const general = /^(java|javax|scala|jdk|sun|kotlin|builtins)\.|^[A-Za-z_]\w*$/

/** Finds the owner of an exception: by its class, else by the frames, else by the exceptions around it. */
export function findOwner(tree: ExceptionNode): Owner {
  const path = findCausePath(tree)
  const root = findRootCause(tree)
  const around = path.slice(0, path.indexOf(root) + 1).toReversed()
  const { className } = root
  if (className !== null) {
    if (jvmErrors.test(className)) return platform('the JVM')
    const named = findByName(className)
    if (named !== undefined) return named
    if (!general.test(className)) return program
  }
  return findQuoter(around) ?? findByFrames(around) ?? findAround(around) ?? program
}

/**
 * The library whose exception quotes this one without its module, as urllib3's inside those of requests. Frames of its own
 * would show the owner better.
 */
function findQuoter(around: readonly ExceptionNode[]): Owner | undefined {
  const [root, ...outer] = around
  if (root?.className == null || root.className.includes('.') || root.frames.length > 0) return undefined
  const owner = findByName(outer.find(({ className }) => className !== null)?.className ?? '')
  return owner?.kind === 'platform' ? owner : undefined
}

const findByName = (name: string): Owner | undefined => packages.find(([pattern]) => pattern.test(name))?.[1]

function findByFrames(around: readonly ExceptionNode[]): Owner | undefined {
  const frames = around.find(({ frames: own }) => own.length > 0)?.frames ?? []
  for (const frame of frames) {
    const owner = frame.includes('/') || frame.endsWith('.py') ? findByFile(frame) : findByFrame(frame)
    if (owner !== undefined) return owner
  }
  return undefined
}

/** The owner of a Java frame. Undefined for frames of the JDK and of Scala, which any code uses. */
function findByFrame(frame: string): Owner | undefined {
  const owner = findByName(frame)
  if (owner !== undefined && !/^(java|javax|sun)\./.test(frame)) return owner
  return general.test(frame) ? undefined : program
}

/** The owner of a Python file: the package that it is installed with. */
function findByFile(file: string): Owner | undefined {
  const installed = /(?:site-packages|dist-packages|pyspark\.zip|python\/lib\/py4j[^/]*)\/(\w+)/.exec(file)?.[1]
  if (installed === undefined) return /\/lib\/python\d/.test(file) || file.startsWith('<') ? undefined : program
  return findByName(`${installed}.`) ?? platform(`the Python library ${installed}`)
}

function findAround(around: readonly ExceptionNode[]): Owner | undefined {
  for (const { className } of around.slice(1)) {
    const owner = className === null ? undefined : findByName(className)
    if (owner !== undefined) return owner
  }
  return undefined
}

/** What an exception is about, as far as its words show. */
export type Subject = 'permission' | 'network' | 'quota' | 'memory' | 'classpath' | 'volume' | 'config' | 'other'

/**
 * Words by subject. A message may contain several, so that the order counts: a limit before an access that it refuses, an
 * access before the connection that it uses.
 */
const subjects: readonly (readonly [Subject, RegExp])[] = [
  ['memory', /OutOfMemory|MemoryError|heap space|Unable to allocate|cannot allocate memory/i],
  ['volume', /no space left|disk (is )?full|disk quota/i],
  [
    'quota',
    /quota|throttl|too many requests|\b429\b|rate ?(limit|exceeded)|slow ?down|limit ?exceeded|too many connections|connection limit/i,
  ],
  [
    'classpath',
    /NoSuch(Method|Field)Error|NoClassDefFound|ClassNotFound|LinkageError|VerifyError|AbstractMethod|IncompatibleClassChange|IllegalAccessError|InaccessibleObject|ServiceConfigurationError|UnsupportedClassVersion|InvalidClassException|SerializedLambda|ModuleNotFound|ImportError|no suitable driver|class \S+ (was )?not found/i,
  ],
  [
    'permission',
    /\b40[13]\b|forbidden|unauthori[sz]ed|not authori[sz]ed|authori[sz]ation|authenticat|access ?(is )?denied|permission|AccessControl|credential|login (failed|denied)|invalid (user|password|token|signature|access)|password|(token|signature)\S* (has )?expired|expired ?token|not permitted|not allowed to|privilege|kerberos|\bGSS|SASL|security token|assume ?role/i,
  ],
  [
    'config',
    /must (be|have)( explicitly)? (set|specified|configured|provided)|(is|are|was) not (set|configured|specified|provided|defined)|missing (required )?\w* ?(config(uration)?|propert|setting|parameter|option|variable|argument)|(invalid|illegal|unknown|unrecognized|unsupported) (value|config|url|uri|endpoint|option|propert|scheme|region)|(no|missing|load|specify|find|determine|invalid|set)\W+(an? |the )?(aws )?region|region (must|is not|not)|no filesystem for scheme|wrong fs|malformed|ConfigException|Configuration(Error|Exception)|InvalidConfig/i,
  ],
  [
    'network',
    /time(d)?[ -]?out|refused|unreachable|not accessible|inaccessible|contact point|could not reach|unknown ?host|(could not|cannot|can't|failed to|be|temporary failure in name) resolv|unresolved ?(address|host)|name or service not known|no route to host|broken pipe|connect(ion)?[ _-]?(reset|closed|loss|lost|fail|attempt|abort|error|init)|no(de)?s? ?(nodes?|hosts?) (left|available)|all (nodes|hosts) failed|(failed|unable|could not|cannot|can't) (to )?(connect|reach|establish)|link failure|service unavailable|\b50[234]\b|handshake|certificate|PKIX|\bSSL|\bTLS|node assignment|no brokers|bootstrap (url|broker|server)s?\b|EndpointConnection/i,
  ],
]

/** Words that leave no doubt about the subject, whoever wrote the exception. */
const plainWords: readonly (readonly [Subject, RegExp])[] = [
  [
    'permission',
    /(access|permission) denied|\bunauthori[sz]ed\b|\bforbidden\b|authentication failed|not authorized to perform/i,
  ],
  [
    'network',
    /(failed|unable|could not|cannot) (to )?(connect|reach)|connection\b.{0,80}? ?(refused|reset|timed out|unexpectedly closed)|no route to host|network is unreachable|connect timed out|could not reach any/i,
  ],
]

/** What an exception of the program is about, if its own words leave no doubt. */
export function findPlainSubject({ message }: ExceptionNode): Subject | undefined {
  return plainWords.find(([, pattern]) => pattern.test(message))?.[0]
}

/** The words that decide the subject, for the redactor, which keeps them. */
export const subjectWords: readonly string[] = subjects.map(([, { source }]) => source.replace(/\\b|[()|?*]/g, ' '))

/** Decides what an exception is about, from its innermost exception outwards. */
export function findSubject(tree: ExceptionNode): Subject {
  const path = findCausePath(tree)
  const root = findRootCause(tree)
  for (const node of path.slice(0, path.indexOf(root) + 1).toReversed()) {
    const words = `${node.className ?? ''}: ${node.message}`
    const found = subjects.find(([, pattern]) => pattern.test(words))
    if (found !== undefined) return found[0]
    if (jvmErrors.test(node.className ?? '')) return 'classpath'
    // The words of a wrapper around a specific exception are about what it did, not about what failed.
    if (node.message.length > 60) return 'other'
  }
  return 'other'
}
