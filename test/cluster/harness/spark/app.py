"""The Python application of the cluster tests: small jobs in Python processes, for the seconds of the second argument (0: without end)."""

import sys
import time

from pyspark import SparkContext


def say(line):
    print("app: " + line, flush=True)


def work(number):
    time.sleep(0.5)
    return number


seconds = int(sys.argv[2])
spark = SparkContext()
say("context up " + spark.applicationId)
end = time.monotonic() + seconds
job = 0
while seconds == 0 or time.monotonic() < end:
    job += 1
    spark.parallelize(range(2), 2).map(work).count()
    say(f"job {job} done")
say("loop ended")
spark.stop()
