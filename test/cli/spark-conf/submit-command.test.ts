import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findSubmitCommands } from '../../../cli/spark-conf/submit-command.ts'

const call = '--conf spark.driver.memory=1g \\\n  local:///opt/job.py --conf spark.app.own=1'

const scripts: readonly (readonly [description: string, script: string])[] = [
  ['spark-submit alone', `spark-submit ${call}`],
  ['set before', `#!/bin/bash\nset -euo pipefail\nspark-submit ${call}`],
  ['export before', `export SPARK_HOME=/opt/spark\n$SPARK_HOME/bin/spark-submit ${call}`],
  ['a variable before, in the same line', `HADOOP_CONF_DIR=/etc/hadoop spark-submit ${call}`],
  ['sudo', `sudo -u spark spark-submit ${call}`],
  ['exec and a path', `exec /opt/spark/bin/spark-submit ${call}`],
  ['a test that spark-submit exists', `command -v spark-submit >/dev/null || exit 1\nspark-submit ${call}`],
  ['only the flags', call],
]

describe('findSubmitCommands', () => {
  for (const [description, script] of scripts) {
    test(`${description} → the settings and the main file of spark-submit`, () => {
      const [command, ...others] = findSubmitCommands(script, 'submit.sh', undefined)
      assert.deepEqual(others, [])
      assert.deepEqual(command?.conf.entries.get('spark.driver.memory')?.value, '1g')
      assert.equal(command?.mainFile, 'local:///opt/job.py')
      assert.equal(command?.conf.entries.has('spark.app.own'), false)
    })
  }
})
