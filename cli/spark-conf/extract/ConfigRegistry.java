import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoublePredicate;
import java.util.function.LongPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Prints what a Spark release knows of its configuration keys, one JSON object a line: asked of its own registry by
 * reflection, and types, units and bounds by trying values on its own converters. By hand, by extract/renew.ts; nothing of
 * it is shipped. Argument: the folder of Spark's jars, which are the class path too.
 */
public final class ConfigRegistry {
  private static final Pattern SPARK_KEY = Pattern.compile("spark\\.[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9]");

  public static void main(String[] args) throws Exception {
    for (String holder : configHolders(Path.of(args[0]))) Class.forName(holder);
    Map<String, Object> entries = new TreeMap<>();
    Object companion = Class.forName("org.apache.spark.internal.config.ConfigEntry$").getField("MODULE$").get(null);
    ((Map<?, ?>) read(companion, "knownConfigs")).forEach((key, entry) -> entries.put(key.toString(), entry));
    for (Map.Entry<String, Object> entry : entries.entrySet()) System.out.println(describe(entry.getKey(), entry.getValue()));
    Object sparkConf = Class.forName("org.apache.spark.SparkConf$").getField("MODULE$").get(null);
    for (Object old : values(read(sparkConf, "deprecatedConfigs"))) printDeprecated(old, "deprecationMessage");
    Object alternatives = read(sparkConf, "configsWithAlternatives");
    for (Object pair : elements(alternatives)) {
      String key = call(pair, "_1").toString();
      for (Object old : elements(call(pair, "_2"))) {
        System.out.println(object("key", call(old, "key"), "deprecated", call(old, "version"), "replacement", key));
      }
    }
    Object sqlConf = Class.forName("org.apache.spark.sql.internal.SQLConf$").getField("MODULE$").get(null);
    for (Object old : values(call(sqlConf, "deprecatedSQLConfigs"))) printDeprecated(old, "comment");
    for (Object old : values(call(sqlConf, "removedSQLConfigs"))) {
      System.out.println(object("key", call(old, "key"), "removed", call(old, "version"), "only", call(old, "defaultValue")));
    }
  }

  private static void printDeprecated(Object old, String message) throws Exception {
    Matcher named = SPARK_KEY.matcher(String.valueOf(call(old, message)));
    String key = call(old, "key").toString();
    String replacement = null;
    while (replacement == null && named.find()) if (!named.group().equals(key)) replacement = named.group();
    System.out.println(object("key", key, "deprecated", call(old, "version"), "replacement", replacement));
  }

  /** The Scala objects that register entries when they are loaded. */
  private static List<String> configHolders(Path jars) throws Exception {
    List<String> names = new ArrayList<>();
    try (var files = Files.list(jars)) {
      for (Path jar : files.filter(file -> file.getFileName().toString().startsWith("spark-")).toList()) {
        try (var zip = new java.util.zip.ZipFile(jar.toFile())) {
          zip.stream().map(java.util.zip.ZipEntry::getName)
              .filter(name -> name.matches("org/apache/spark/(internal/config/\\w+|deploy/k8s/Config|sql/internal/(Static)?SQLConf)\\$\\.class"))
              .filter(name -> !name.matches(".*/config/(ConfigEntry|ConfigReader|ConfigBuilder|ConfigHelpers|Tests)\\$\\.class"))
              .forEach(name -> names.add(name.replace('/', '.').replaceAll("\\.class$", "")));
        }
      }
    }
    return names;
  }

  private static String describe(String key, Object entry) throws Exception {
    Probe probe = new Probe(call(entry, "valueConverter"));
    String problem = probe.problem("zz not a value");
    String type = "string";
    String unit = null;
    List<String> choices = null;
    Object example = probe.value(String.valueOf(call(entry, "defaultValueString")));
    if (problem != null) {
      Matcher oneOf = Pattern.compile("should be one of (.*?)(?:,? but was|\\.? *SQLSTATE|$)", Pattern.DOTALL).matcher(problem);
      boolean bytes = probe.takesAny(BYTES);
      boolean times = probe.takesAny(TIMES);
      // A text with a form of its own may take both.
      if (bytes && !times) type = "bytes";
      else if (times && !bytes) type = "time";
      else if (problem.matches("(?s).*(should be|type) \"?(int|long|INT|LONG|BIGINT).*") || problem.contains("should be int") || problem.contains("should be long")) type = "integer";
      else if (problem.contains("should be double") || problem.contains("\"DOUBLE\"")) type = "double";
      else if (problem.contains("should be boolean") || problem.contains("\"BOOLEAN\"")) type = "boolean";
      else if (oneOf.find() && !oneOf.group(1).contains("(")) {
        type = "choice";
        choices = new ArrayList<>();
        for (String choice : oneOf.group(1).split(",")) choices.add(choice.trim().replaceAll("[\"'.\\[\\]{}]", ""));
        choices = new ArrayList<>(new java.util.TreeSet<>(choices));
      } else if (example instanceof Boolean) type = "boolean";
      else if (example instanceof Double) type = "double";
      else if (example instanceof Number) type = "integer";
    } else if (example != null && Class.forName("scala.collection.Seq").isInstance(example)) type = "list";
    if (type.equals("bytes")) unit = probe.unit(BYTES, new String[] {"b", "KiB", "MiB", "GiB"}, new long[] {1, 1L << 10, 1L << 20, 1L << 30});
    if (type.equals("time")) unit = probe.unit(TIMES, new String[] {"ns", "us", "ms", "s", "min"}, new long[] {1, 1000L, 1000_000L, 1000_000_000L, 60_000_000_000L});
    String[] bounds = {null, null};
    if (type.equals("integer") || type.equals("bytes") || type.equals("time")) bounds = probe.integerBounds();
    if (type.equals("double")) bounds = probe.doubleBounds();
    String lower = choices == null ? "" : choices.get(choices.size() - 1).toLowerCase(java.util.Locale.ROOT);
    boolean anyCase = choices != null && probe.value(lower) != null && probe.value(lower.toUpperCase(java.util.Locale.ROOT)) != null;
    boolean isPublic = (Boolean) call(entry, "isPublic");
    String fallback = entry.getClass().getSimpleName().equals("FallbackConfigEntry") ? fallbackOf(entry) : null;
    List<String> alternatives = new ArrayList<>();
    for (Object alternative : elements(call(entry, "alternatives"))) alternatives.add(alternative.toString());
    String prepended = (Boolean) call(call(entry, "prependedKey"), "isDefined") ? call(call(entry, "prependedKey"), "get").toString() : null;
    Object defaultValue = fallback == null ? call(entry, "defaultValueString") : null;
    if ("<undefined>".equals(defaultValue)) defaultValue = null;
    // Not the folder in which this runs.
    if (defaultValue != null) defaultValue = defaultValue.toString().replace(System.getProperty("user.dir"), "${user.dir}");
    return object("key", key, "type", type, "unit", unit, "choices", choices, "anyCase", anyCase ? true : null, "default", defaultValue, "fallback", fallback,
        "min", bounds[0], "max", bounds[1], "since", "".equals(call(entry, "version")) ? null : call(entry, "version"),
        "internal", isPublic ? null : true, "alternatives", alternatives.isEmpty() ? null : alternatives);
  }

  private static String fallbackOf(Object entry) throws Exception {
    String text = String.valueOf(call(entry, "defaultValueString"));
    Matcher matcher = SPARK_KEY.matcher(text);
    return matcher.find() ? matcher.group() : null;
  }

  private static final String[][] BYTES = {{"1g", "1073741824"}, {"64mb", "67108864"}, {"1mb", "1048576"}, {"16k", "16384"}, {"1k", "1024"}, {"4t", "4398046511104"}};
  private static final String[][] TIMES = {{"1h", "3600000000000"}, {"24h", "86400000000000"}, {"1min", "60000000000"}, {"1s", "1000000000"}, {"1ms", "1000000"}};

  /** Spark's converter of one key, tried with values. */
  private static final class Probe {
    private final Object converter;

    Probe(Object converter) {
      this.converter = converter;
    }

    Object value(String text) {
      try {
        var apply = Class.forName("scala.Function1").getMethod("apply", Object.class);
        Object value = apply.invoke(converter, text);
        // An entry without a default converts to an Option.
        return value instanceof scala.Some<?> some ? some.value() : value;
      } catch (ReflectiveOperationException refused) {
        return null;
      }
    }

    String problem(String text) {
      try {
        Class.forName("scala.Function1").getMethod("apply", Object.class).invoke(converter, text);
        return null;
      } catch (java.lang.reflect.InvocationTargetException refused) {
        return refused.getCause() + " " + refused.getCause().getCause();
      } catch (ReflectiveOperationException bug) {
        throw new IllegalStateException(bug);
      }
    }

    boolean takesAny(String[][] samples) {
      for (String[] sample : samples) if (value(sample[0]) != null) return true;
      return false;
    }

    String unit(String[][] samples, String[] names, long[] sizes) {
      for (String[] sample : samples) {
        if (!(value(sample[0]) instanceof Number number) || number.longValue() <= 0) continue;
        long size = Long.parseLong(sample[1]) / number.longValue();
        for (int i = 0; i < sizes.length; i++) if (sizes[i] == size) return names[i];
      }
      return null;
    }

    /** Least and greatest whole number that is taken; null where any int is. */
    String[] integerBounds() {
      LongPredicate taken = n -> value(String.valueOf(n)) != null;
      long some = Long.MIN_VALUE;
      for (long n : new long[] {1, 0, 2, 10, 100, 1000, 4096, 10_000, 65_536, 1_000_000, -1}) {
        if (taken.test(n)) {
          some = n;
          break;
        }
      }
      if (some == Long.MIN_VALUE) return new String[] {null, null};
      long least = Integer.MIN_VALUE, greatest = Integer.MAX_VALUE;
      String min = taken.test(least) ? null : String.valueOf(edge(taken, some, least));
      String max = taken.test(greatest) ? null : String.valueOf(edge(taken, some, greatest));
      return new String[] {min, max};
    }

    private static long edge(LongPredicate taken, long good, long bad) {
      while (Math.abs(good - bad) > 1) {
        long middle = good + (bad - good) / 2;
        if (taken.test(middle)) good = middle; else bad = middle;
      }
      return good;
    }

    /** `0` includes it, `>0` does not. */
    String[] doubleBounds() {
      DoublePredicate taken = n -> value(String.valueOf(n)) != null;
      String min = taken.test(-1) ? null : taken.test(0) ? "0" : taken.test(1e-9) ? ">0" : taken.test(1) && !taken.test(0.999999) ? "1" : null;
      String max = taken.test(1e9) ? null : taken.test(1) && !taken.test(1.000001) ? "1" : taken.test(0.999999) && !taken.test(1) ? "<1" : null;
      return new String[] {min, max};
    }
  }

  private static Object call(Object target, String method) throws Exception {
    Class<?> type = target.getClass();
    while (type != null) {
      for (var candidate : type.getDeclaredMethods()) {
        if (candidate.getName().equals(method) && candidate.getParameterCount() == 0) {
          candidate.setAccessible(true);
          return candidate.invoke(target);
        }
      }
      type = type.getSuperclass();
    }
    return target.getClass().getMethod(method).invoke(target);
  }

  /** A field of a Scala object, whose name the compiler may have prefixed. */
  private static Object read(Object target, String name) throws Exception {
    for (Field field : target.getClass().getDeclaredFields()) {
      if (!field.getName().equals(name) && !field.getName().endsWith("$$" + name)) continue;
      field.setAccessible(true);
      return field.get(target);
    }
    throw new NoSuchFieldException(name);
  }

  private static List<Object> elements(Object collection) throws Exception {
    List<Object> all = new ArrayList<>();
    Object iterator = Class.forName("scala.collection.IterableOnce").getMethod("iterator").invoke(collection);
    Class<?> type = Class.forName("scala.collection.Iterator");
    while ((Boolean) type.getMethod("hasNext").invoke(iterator)) all.add(type.getMethod("next").invoke(iterator));
    return all;
  }

  private static List<Object> values(Object map) throws Exception {
    List<Object> all = new ArrayList<>();
    for (Object pair : elements(map)) all.add(call(pair, "_2"));
    return all;
  }

  private static String object(Object... pairs) {
    List<String> fields = new ArrayList<>();
    for (int i = 0; i < pairs.length; i += 2) if (pairs[i + 1] != null) fields.add(json(pairs[i]) + ":" + json(pairs[i + 1]));
    return "{" + String.join(",", fields) + "}";
  }

  private static String json(Object value) {
    if (value instanceof Boolean) return value.toString();
    if (value instanceof List<?> list) return list.stream().map(ConfigRegistry::json).collect(Collectors.joining(",", "[", "]"));
    StringBuilder text = new StringBuilder("\"");
    for (char c : value.toString().toCharArray()) {
      if (c == '"' || c == '\\') text.append('\\').append(c);
      else if (c < ' ') text.append(String.format("\\u%04x", (int) c));
      else text.append(c);
    }
    return text.append('"').toString();
  }
}
