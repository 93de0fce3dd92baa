import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createUiClient } from '../../spark-ui/ui-client.ts'
import { applicationId } from '../sidecar/policies.ts'
import { httpUi } from '../support/fake-spark-ui.ts'

describe('createUiClient: waiting jobs', () => {
  test('jobs without any executor → no work to stall', async (t) => {
    const state = { active: 0, executors: [{ id: 'driver', isActive: true, totalCores: 0 }] as unknown }
    const job = () => ({ jobId: 4, name: 'count', numActiveTasks: state.active, numCompletedTasks: 7 })
    const asked: string[] = []
    const ui = await httpUi(t, (request, response) => {
      asked.push(request.url ?? '')
      response.end(JSON.stringify(request.url?.includes('/jobs') ? [job()] : state.executors))
    })
    const address = { scheme: 'http', host: '127.0.0.1', port: ui.port } as const
    const work = () => createUiClient().fetchWork(address, applicationId, 5_000)
    const running = { jobs: [{ id: 4, endedTasks: 7 }] }
    assert.deepEqual(await work(), { jobs: [] })
    assert.equal(asked.at(-1), `/api/v1/applications/${applicationId}/executors`)
    state.executors = [
      { id: 'driver', isActive: true, totalCores: 0 },
      { id: '1', isActive: true, totalCores: 2 },
    ]
    assert.deepEqual(await work(), running)
    state.executors = 'garbage'
    assert.deepEqual(await work(), running)
    asked.length = 0
    state.active = 1
    assert.deepEqual(await work(), running)
    assert.equal(asked.length, 1)
  })
})
