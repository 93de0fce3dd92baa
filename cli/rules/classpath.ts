import { change, inspect } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { numberWithUnit } from './exit-symptoms.ts'
import { observed, type Rule } from './rule.ts'

const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'] as const

/**
 * Classes, jars and files that are missing or have the wrong version. Sources of the messages:
 * org.apache.spark.deploy.SparkSubmit (4.0.1, runMain), util.DependencyUtils, hadoop-common's FileSystem and
 * Configuration, CPython's import machinery, OpenJDK's linkResolver and ClassFileParser.
 */
export const classpathRules: readonly Rule[] = [
  {
    id: 'SPN-CLASSPATH-JAR',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'The application’s jar or script does not exist',
    detail: 'The application’s file {file} does not exist',
    meaning:
      'A file:// or local:// path refers to the driver’s image and volumes, not to the machine that submits the application.',
    matchers: [
      inLog('Local jar {file} does not exist, skipping', ['warning', 'output']),
      inOutput("can't open file '{file}': [Errno 2] No such file or directory"),
      inLog('^java.nio.file.NoSuchFileException: {file}.jar'),
      inLog('^java.io.FileNotFoundException: {file}.jar (No such file or directory)'),
      inLog('^java.io.FileNotFoundException: Jar {file} not found'),
      inOutput('^Error: Unable to access jarfile {file}'),
    ],
    explains: [...ends, 'SPN-CLASSPATH-MAIN-CLASS', 'SPN-CLASSPATH-CLASS', 'SPN-CLASSPATH-FILE'],
    remedies: [
      inspect(
        'List the files in the image',
        'kubectl -n {namespace} run look --rm -i --restart=Never --image={image} -- ls -l /opt/spark',
      ),
      change('Add the file to the image, mount it, or use a URL that the driver can fetch (s3a, https)'),
    ],
  },
  {
    id: 'SPN-CLASSPATH-PACKAGES',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'A package in spark.jars.packages does not exist',
    detail: 'The package {package} cannot be found in any repository',
    meaning:
      'The coordinates are wrong (group:artifact:version, with the Scala version in the artifact), or the package is in a repository that spark-submit does not search.',
    matchers: [
      inLog('[unresolved dependency: {package}: not found]'),
      inOutput('[UNRESOLVED DEPENDENCY: {package}: not found]'),
      inOutput('module not found: {package}'),
    ],
    explains: [...ends, 'SPN-CLASSPATH-JAR', 'SPN-CLASSPATH-CLASS'],
    remedies: [
      change('Correct the coordinates, or name the repository in spark.jars.repositories'),
      change('Or put the jars into the image, which also makes the start faster'),
    ],
  },
  {
    id: 'SPN-CLASSPATH-MAIN-CLASS',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'The main class is not in the application’s jar',
    detail: 'The main class {class} is not in the application’s jar',
    meaning: 'spark-submit did not find the class given by --class (mainClass of a SparkApplication).',
    matchers: [
      inOutput('^Error: Failed to load class {class}'),
      inOutput('^Error: Failed to load main class {class}'),
      inOutput('^Error: Failed to load {class}: '),
      inOutput('^Error: Main method not found in class {class}'),
      inLog('^java.lang.NoSuchMethodException: {class}.main([Ljava.lang.String;)'),
    ],
    explains: [...ends, 'SPN-CLASSPATH-CLASS'],
    remedies: [
      change(
        'Correct --class (spec.mainClass), including its package, or rebuild the jar so that it contains the class',
      ),
      change('List the classes of the jar with `unzip -l` to see whether it contains the class'),
    ],
  },
  {
    id: 'SPN-CLASSPATH-INITIALIZER',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'A class exists but could not be initialized',
    detail: 'The class {class} exists but could not be initialized',
    meaning:
      'A static initializer threw an exception when the class was first used. The log of that first use shows the reason.',
    matchers: [
      inLog('^java.lang.NoClassDefFoundError: Could not initialize class {class}'),
      inLog('^java.lang.ExceptionInInitializerError', ['uncaught', 'thread']),
    ],
    // A cause below the error says why.
    fallback: true,
    explains: [...ends, 'SPN-CLASSPATH-CLASS'],
    remedies: [
      inspect(
        'Find the first ExceptionInInitializerError',
        'kubectl -n {namespace} logs {pod} | grep -m1 -A20 ExceptionInInitializerError',
      ),
    ],
  },
  {
    id: 'SPN-CLASSPATH-CLASS',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'A class is missing from the class path',
    detail: 'The class {class} is missing from the class path',
    meaning:
      'A jar is missing from the image, from spark.jars or from spark.jars.packages, or it was built for another Scala or Spark version.',
    matchers: [
      inLog('java.lang.ClassNotFoundException: Class {class} not found'),
      inLog('^java.lang.ClassNotFoundException: {class}'),
      inLog('^java.lang.NoClassDefFoundError: {class}'),
      inLog('[DATA_SOURCE_NOT_FOUND] Failed to find the data source: {class}. Make sure'),
      inLog('Failed to find data source: {class}. Please find'),
      inLog('^org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "{class}"'),
      inLog('^java.sql.SQLException: No suitable driver'),
    ],
    explains: ends,
    remedies: [
      change(
        'Add the jar that contains {class} to the image or to spark.jars, built for the image’s Spark and Scala versions',
      ),
      inspect(
        'List the jars in the image',
        'kubectl -n {namespace} run look --rm -i --restart=Never --image={image} -- ls /opt/spark/jars',
      ),
    ],
  },
  {
    id: 'SPN-CLASSPATH-VERSION',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'Two versions of a library are incompatible',
    detail: 'Two versions of a library are incompatible: {member}',
    meaning:
      'The code was compiled against another version of a library than the one found first on the class path. Often that is Spark’s own version.',
    matchers: [
      inLog('^java.lang.NoSuchMethodError: {member}'),
      inLog('^java.lang.NoSuchFieldError: {member}'),
      inLog('^java.lang.AbstractMethodError: {member}'),
      inLog('^java.lang.IncompatibleClassChangeError: {member}'),
      inLog('^java.io.InvalidClassException: {member}; local class incompatible'),
      inLog('^java.lang.LinkageError: {member}'),
      inLog('^java.lang.VerifyError: {member}'),
      inLog('^java.lang.ClassCastException: cannot assign instance of {member}'),
      inLog('^java.util.ServiceConfigurationError: {member}'),
      inLog('^com.fasterxml.jackson.databind.JsonMappingException: {member} requires Jackson Databind version'),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change(
        'Build against the image’s Spark and Scala versions, mark Spark’s own libraries as provided, and shade the others',
      ),
    ],
  },
  {
    id: 'SPN-CLASSPATH-HADOOP-VERSION',
    cause: 'classpath',
    severity: 'error',
    confidence: 'medium',
    title: 'A Hadoop library does not have the version of the image’s Hadoop',
    detail: 'A Hadoop library does not fit the image’s Hadoop, which cannot read the value {value}',
    meaning:
      'Newer Hadoop versions write times with a unit, such as 60s. Older code reads them as numbers and fails. Two versions are on the class path, or a setting was written for the other one.',
    matchers: [
      observed('a NumberFormatException of a value with a unit, with frames of Hadoop', (facts) =>
        numberWithUnit(facts),
      ),
    ],
    explains: ends,
    remedies: [
      change('Use hadoop-aws (hadoop-azure, gcs-connector) in exactly the version of the image’s Hadoop jars'),
      inspect(
        'List the Hadoop jars in the image',
        'kubectl -n {namespace} run look --rm -i --restart=Never --image={image} -- ls /opt/spark/jars',
      ),
    ],
  },
  {
    id: 'SPN-CLASSPATH-JAVA-MODULE',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'Spark or a library does not run on this Java version',
    detail: 'Spark or a library does not run on this Java version: module {module} is closed to it',
    meaning:
      'Since Java 17, the JDK’s internal packages are closed. Spark 3.3 and newer opens those that it needs; older versions, and programs that start a JVM themselves, do not.',
    matchers: [
      inLog('because module {module} does not export'),
      inLog('because module {module} does not open'),
      inLog('module {module} does not "opens'),
      inLog('module {module} does not "exports'),
      inLog('^java.lang.reflect.InaccessibleObjectException'),
    ],
    explains: [...ends, 'SPN-CLASSPATH-CLASS', 'SPN-CLASSPATH-INITIALIZER', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('Use an image with the Java version that this Spark supports (Java 8 or 11 before Spark 3.3)'),
      change(
        'Or open the package that the message names: --add-opens and --add-exports in spark.driver.extraJavaOptions',
      ),
    ],
  },
  {
    id: 'SPN-CLASSPATH-PYTHON-VERSION',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'Driver and executors run different Python versions',
    detail: 'Driver and executors run different Python versions: {driver} and {worker}',
    meaning: 'PySpark needs the same minor version of Python on the driver and on the executors.',
    matchers: [
      inLog('Python in worker has different version {worker} than that in driver {driver}, PySpark', [
        'uncaught',
        'error',
      ]),
      inLog('Python in worker has different version: {worker} than that in driver: {driver}, PySpark', [
        'uncaught',
        'error',
      ]),
      inLog('[PYTHON_VERSION_MISMATCH]', ['uncaught', 'error']),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('Use one image for driver and executors, or set spark.pyspark.python and spark.pyspark.driver.python'),
    ],
  },
  {
    id: 'SPN-CLASSPATH-JAVA-VERSION',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'The application was compiled for a newer Java version than the image has',
    detail: 'The class {class} was compiled for a newer Java version than the image has',
    meaning: 'Class file version 61 needs Java 17, version 65 needs Java 21, and version 52 needs Java 8.',
    matchers: [
      inLog('UnsupportedClassVersionError: {class} has been compiled by a more recent version of the Java Runtime'),
      inOutput('UnsupportedClassVersionError: {class} has been compiled by a more recent version of the Java Runtime'),
    ],
    explains: [...ends, 'SPN-CLASSPATH-MAIN-CLASS', 'SPN-CLASSPATH-CLASS'],
    remedies: [
      change(
        'Compile for the image’s Java version (javac --release, maven.compiler.release), or use an image with a newer Java version',
      ),
    ],
  },
  {
    id: 'SPN-CLASSPATH-PYTHON-MODULE',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'A Python module is missing',
    detail: 'The Python module {module} is missing',
    meaning:
      'The module is not in the image or in --py-files, or PYSPARK_PYTHON selects a Python for which the module is not installed.',
    matchers: [
      inLog("^ModuleNotFoundError: No module named '{module}'"),
      inLog('^ImportError: cannot import name {module}'),
    ],
    explains: ends,
    remedies: [change('Install {module} in the image, or ship it with --py-files (spec.deps.pyFiles)')],
  },
  {
    id: 'SPN-CLASSPATH-FILE',
    cause: 'classpath',
    severity: 'error',
    confidence: 'medium',
    title: 'A file that the application opens does not exist',
    detail: 'The file {file} does not exist',
    meaning:
      'The path refers to the driver’s container. The file is not in the image or in a volume, and spark.files does not fetch it.',
    matchers: [
      inLog('^java.io.FileNotFoundException: {file} (No such file or directory)'),
      inLog('^java.io.FileNotFoundException: File file:{file} does not exist'),
      inLog('^java.nio.file.NoSuchFileException: {file}'),
      inLog("^FileNotFoundError: [Errno 2] No such file or directory: '{file}'"),
    ],
    explains: ends,
    remedies: [
      change('Mount {file}, add it to the image, or ship it with spark.files and open it with SparkFiles.get'),
    ],
  },
]
