package org.apache.spark.deploy;

/** A JVM that the probes take for a driver's. It prints `up` when it does what its argument names. */
public class SparkSubmit {
    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("deadlock")) deadlock();
        System.out.println("up");
        Thread.sleep(600_000);
    }

    private static void deadlock() throws Exception {
        Object a = new Object();
        Object b = new Object();
        Thread one = new Thread(() -> lockBoth(a, b));
        Thread other = new Thread(() -> lockBoth(b, a));
        one.start();
        other.start();
        while (one.getState() != Thread.State.BLOCKED || other.getState() != Thread.State.BLOCKED) Thread.sleep(10);
    }

    private static void lockBoth(Object first, Object second) {
        synchronized (first) {
            try {
                Thread.sleep(300);
            } catch (InterruptedException e) {
                return;
            }
            synchronized (second) {
                System.out.println("not deadlocked");
            }
        }
    }
}

/** A JVM whose command line does not name SparkSubmit. */
class Plain {
    public static void main(String[] args) throws Exception {
        SparkSubmit.main(args);
    }
}
