/**
 * A process that behaves like a Spark driver towards its sidecar. First it does not listen, then its UI answers every
 * path with the starting page, then with the application. It takes Spark's environment and arguments. `UI_PORT` replaces
 * port 4040, which may be in use on this machine. Its arguments name SparkSubmit, and its process is named java, so that
 * the probes take it for the driver's JVM.
 */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

try {
  writeFileSync('/proc/self/comm', 'java')
} catch {
  // Only Linux can rename a process. Elsewhere the sidecar learns nothing about the processes.
}

const startingPageMs = 600
const applicationMs = 1_500

const applicationId = `${process.env.SPARK_APPLICATION_ID ?? 'spark-unknown'}`
const configured = process.argv.findLast((argument) => argument.startsWith('spark.app.id='))
const id = configured?.slice('spark.app.id='.length) ?? applicationId
const startTime = new Date().toISOString().replace('Z', 'GMT')

let started = false
const server = createServer((request, response) => {
  if (!started) {
    response.setHeader('content-type', 'text/html;charset=utf-8')
    response.end('<html><body><h3>Spark is starting up. Please wait a while until it is ready.</h3></body></html>')
  } else if (request.url?.startsWith('/api/v1/applications')) {
    response.setHeader('content-type', 'application/json')
    const attempt = { startTime, endTime: '1969-12-31T23:59:59.999GMT', sparkUser: 'root', completed: false }
    response.end(JSON.stringify(request.url.includes('/jobs') ? [] : [{ id, name: 'demo', attempts: [attempt] }]))
  } else {
    response.statusCode = 302
    response.setHeader('location', '/jobs/')
    response.end()
  }
})

setTimeout(() => server.listen(Number(process.env.UI_PORT), '127.0.0.1'), startingPageMs)
setTimeout(() => {
  started = true
}, applicationMs)
process.on('SIGTERM', () => process.exit(143))
