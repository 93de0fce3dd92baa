// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the shell expands the variables of the script.
import { anyDriver, verdictDir, verdictFiles } from '../core/contract/pod-contract.ts'

/**
 * The script of the startup and the liveness probe, which runs inside the driver's container. `$0` is the probe, `$1` the
 * container's termination message, `$2` is `own` if process 1 is the driver's main process.
 *
 * It is part of every driver's pod, therefore it is short, and its reasons are here. Rules that hold for each line:
 * - Only builtins of a POSIX shell: an image may have no `ps`, `cat` or `mv`. It is tried with dash, bash and busybox.
 * - No error matters, and the result of a probe depends on nothing but the verdict: startup passes if `starting` is absent,
 *   liveness passes unless `hung` is about this driver. Even where stderr cannot be redirected, the probe passes.
 * - Each variable is assigned before it is used, because the container's environment may have a variable of that name.
 * - The kubelet replaces a dollar sign before a parenthesis, and two dollar signs, so neither occurs.
 */
export const probeScript = [
  // Bash takes its options from SHELLOPTS of the environment: `errexit` would fail the probe, and kill a healthy driver.
  `{ set +Cef; cd ${verdictDir} || exit 0`,
  // The start time of the driver's main process identifies one life of the container: field 22 of stat. The command name in
  // the second field may contain spaces and parentheses, so everything up to the last parenthesis is cut off.
  "s= i= n='",
  "'",
  '[ "$2" != own ] || read -r s </proc/1/stat; t=$1; set -- ${s##*) }; i=${20-} r=$i',
  // A process of another container is neither recorded nor signalled. The cgroup of memory (v1) or the only one (v2) belongs
  // to one container, unlike others of v1.
  'c() { v=; while read -r l; do case $l in *:memory:*) v=$l; break;; 0::*) v=$l;; esac; done <$1; }',
  'c /proc/self/cgroup; o=$v j= b= e= u= x= k=',
  // The driver's JVM as the last probe knew it, so that its command line is read once: that may be long, and may block.
  `read -r k <${verdictFiles.jvm}`,
  // The short file `comm` sorts out the probes’ own shells, and where the node’s processes may be visible, all but java and
  // python.
  'for p in /proc/[0-9]*; do',
  'q= s=; read -r q <$p/comm; case $q in java|python*) ;; sh|bash|dash|ash|busybox) continue;; *) [ "$i" ] || continue; q=o;; esac',
  'c $p/cgroup; [ "$v" ] && [ "$v" = "$o" ] && read -r s <$p/stat || continue',
  // State, CPU time in user and kernel mode, threads, start time: fields 3, 14, 15, 20 and 22 of stat.
  'set -- ${s##*) }; s="$1 ${12} ${13} ${18} ${20}"',
  'case $q in o) r="$r${n}o $s"; continue;; p*) r="$r${n}p $s"; continue;; esac',
  'p=${p#/proc/} w=${20}; case $k in "$p $w "[jd]) m=${k##* };; *)',
  // The arguments are separated by NUL, which `read` drops. Spark’s launcher names SparkSubmit too, but ends by itself.
  'a= l= m=j; while read -r l || [ "$l" ]; do a=$a$l; done </proc/$p/cmdline',
  // Without a JVM that runs SparkSubmit, process 1 is the driver’s, so it ranks last.
  'case $p,$a in *launcher.Mainorg*) continue;; *.deploy.SparkSubmit*) ;; 1,*) w=9999999999999999;; *) r="$r${n}o $s"; continue;; esac',
  'case $a${JAVA_TOOL_OPTIONS-}${JDK_JAVA_OPTIONS-}${_JAVA_OPTIONS-} in *jdwp*) m=d;; esac;; esac',
  // The driver may start other JVMs that run SparkSubmit. The oldest one is the driver.
  '[ "$j" ] && [ "$w" -ge "$b" ] || { j=$p b=$w e="$p ${20}" u=$m x=$s; }; done',
  // While the sidecar doubts the driver: whether a thread waits for a disk; whether the JVM has the threads of a debug agent,
  // which an entrypoint may set or a tool may load unseen; and a thread dump in the driver’s log, once for each doubt, and
  // only if the JVM catches SIGQUIT (mask 4): it would die of it otherwise. Both probes do so, because a driver may also hang
  // before its UI has ever answered.
  `d= q=; read -r d <${verdictFiles.doubt}; read -r q <${verdictFiles.quit}; if [ "$d" ] && [ "$j" ]; then w=0`,
  'for p in /proc/$j/task/*/stat; do s=; read -r s <$p; case $s in *"(JDWP "*) u=d;; esac',
  'case ${s##*) } in D*) w=1;; esac; done; r="$r${n}disk $w"',
  '[ "$q" = "$d" ] || while read -r a l; do case $a$l in SigCgt:*[4-7c-f])',
  `printf '%s\\n' "$d" >${verdictFiles.quit} && kill -QUIT $j;; esac; done </proc/$j/status; fi`,
  '[ -z "$j" ] || { e="$e $u" r="$r$n$u $x"; }',
  `case $b,$k in ,*|9999999999999999,*|*,"$e") ;; *) printf '%s\\n' "$e" >${verdictFiles.jvm};; esac`,
  // Throttling and kills for lack of memory, from cgroup v2 or v1.
  'for p in cpu.stat memory.events cpu/cpu.stat memory/memory.oom_control; do while read -r a l; do',
  'case $a in throttled_usec|throttled_time|oom_kill) r="$r$n$a $l";; esac; done </sys/fs/cgroup/$p; done',
  // One write, but no rename: the last line shows that the record is complete.
  `printf '%s\\n' "$r" end >${verdictFiles.processes}`,
  `if [ "$0" = startup ]; then [ ! -e ${verdictFiles.starting} ]; exit; fi`,
  `h= g= y= d=; { read -r h; read -r g y; read -r d; } <${verdictFiles.hung}`,
  `case $h in '') exit 0;; '${anyDriver}') exit 1;; "$i") ;; *) exit 0;; esac`,
  // An entrypoint may have started another JVM in the same container since. The verdict is not about that one.
  'case $y,$e in ,*|*,|*,*" $y "*) ;; *) exit 0;; esac',
  // The reason, once, for `kubectl describe` and the operator.
  `l=; [ -z "$d" ] || { read -r l <$t; [ "$l" = "$d" ] || printf '%s\\n' "$d" >>$t; }`,
  // The signal ends the JVM with an exit code that only spark-nanny causes, also if it is stopped: then it needs SIGCONT. One
  // that ignores the signal is killed after a second. Without `sleep` it is not, because SIGKILL overtakes other signals.
  // As process 1 it receives no signal that it does not handle; the kubelet ends it after three failures.
  'case $j,$g in ,*|1,*) ;; *,ALRM|*,KILL) kill -$g $j && kill -CONT $j && sleep 1 && { s=; read -r s </proc/$j/stat',
  'set -- ${s##*) }; case $e in "$j ${20-} "*) kill -KILL $j;; esac; };; esac',
  'exit 1; } 2>/dev/null; exit 0',
].join('\n')
