import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseAuthorities } from '../../../certs/pki/ca-bundle.ts'
import { parseSecretContents } from '../../../certs/pki/secret-contents.ts'
import { toRecord } from '../../../core/json.ts'
import { createConfiguration, createEmptySecret, createFakeCertificateApi } from '../fake-certificate-api.ts'
import { createQuickIssuer } from '../quick-issuer.ts'
import { advance, createTestClock, createTestReplica, dayMs, runRoundsUntil, startMs, verifies } from '../replica.ts'

const issuer = createQuickIssuer()

function installed() {
  const clock = createTestClock()
  const api = createFakeCertificateApi(() => clock.wallMs)
  api.put('secret', createEmptySecret())
  api.put('configuration', createConfiguration())
  const contents = () => {
    const found = parseSecretContents(api.secret()?.data)
    assert.ok(found.kind === 'usable', found.kind)
    return found.contents
  }
  const isTrusted = (serving: string | null) =>
    serving !== null && api.caBundles().every((caBundle) => verifies(serving, caBundle))
  const authorities = () => api.caBundles().map((pem) => parseAuthorities(pem).authorities.length)
  const another = () => createTestReplica({ api: api.client, issuer, clock })
  return { clock, api, contents, isTrusted, authorities, replica: another(), another }
}

describe('createReplica', () => {
  test('an empty Secret → one authority, one leaf and both caBundles, then no more writes', async () => {
    const { api, replica, isTrusted, contents } = installed()
    assert.deepEqual(replica.unready(), ['certificate'])
    await replica.runRound()
    assert.ok(isTrusted(replica.serving()))
    assert.deepEqual(replica.unready(), [])
    assert.deepEqual(replica.figures, {
      healthy: true,
      leaf: 1,
      ca: 1,
      expiresMs: startMs + 90 * dayMs,
      authorityExpiresMs: startMs + 365 * dayMs,
    })
    assert.equal(contents().authorities.length, 1)
    const { requests } = api
    const before = requests.length
    for (let rounds = 0; rounds < 5; rounds += 1) await replica.runRound()
    assert.equal(requests.length, before, 'nothing is asked when nothing is to be done')
  })

  test('a second replica → uses the existing certificate and writes nothing', async () => {
    const { api, replica, another, isTrusted } = installed()
    await replica.runRound()
    const [secret, configuration] = [api.secret(), api.configuration()]
    const second = another()
    await second.runRound()
    assert.equal(second.serving(), replica.serving())
    assert.ok(isTrusted(second.serving()))
    assert.deepEqual([api.secret(), api.configuration()], [secret, configuration])
    assert.deepEqual(second.unready(), [])
  })

  test('no webhook configuration → not ready, but a ready replica stays ready', async () => {
    const { api, replica } = installed()
    api.remove('configuration')
    await replica.runRound()
    assert.deepEqual(replica.unready(), ['ca-bundle'])
    assert.equal(replica.figures.healthy, false)
    assert.match(JSON.stringify(replica.lines), /there is no MutatingWebhookConfiguration spark-nanny/)
    api.put('configuration', createConfiguration())
    replica.markChanged()
    await replica.runRound()
    assert.deepEqual([replica.unready(), replica.figures.healthy], [[], true])
    api.remove('configuration')
    replica.markChanged()
    await replica.runRound()
    assert.deepEqual([replica.unready(), replica.figures.healthy], [[], false])
  })

  test('two thirds of the validity of the leaf → renewed by the same authority', async () => {
    const { clock, replica, contents, isTrusted } = installed()
    await replica.runRound()
    const [first, authority] = [replica.serving(), contents().authorities]
    advance(clock, 59 * dayMs)
    await replica.runRound()
    assert.equal(replica.serving(), first)
    advance(clock, 2 * dayMs)
    await replica.runRound()
    assert.notEqual(replica.serving(), first)
    assert.deepEqual(contents().authorities, authority)
    assert.ok(isTrusted(replica.serving()))
    assert.deepEqual([replica.figures.leaf, replica.figures.ca], [2, 1])
  })

  test('a rotation → both authorities are trusted, the leaf changes, the old authority is removed', async () => {
    const { clock, api, replica, another, contents, isTrusted, authorities } = installed()
    const second = another()
    for (const each of [replica, second]) await each.runRound()
    const old = contents().authorities[0].fingerprint
    const before = replica.serving()
    advance(clock, 250 * dayMs)
    const currentPhase = () => {
      const { authorities: all, leaf } = contents()
      assert.ok(leaf.kind === 'usable')
      const byOld = leaf.issuer.fingerprint === old
      const phase = `${all.length} in the Secret, ${authorities()} trusted, leaf by the ${byOld ? 'old' : 'new'}`
      return { phase, count: all.length, byOld }
    }
    const seen: string[] = []
    for (let rounds = 0; rounds < 400 && seen.at(-1) !== 'done'; rounds += 1) {
      const restMs = [replica, second].map((each) => {
        each.markChanged()
        return each.runRound()
      })
      for (const each of [replica, second]) assert.ok(isTrusted(each.serving()), seen.join())
      const { phase, count, byOld } = currentPhase()
      if (seen.at(-1) !== phase) seen.push(phase)
      advance(clock, Math.max(...(await Promise.all(restMs))))
      if (count === 1 && !byOld && authorities().every((trusted) => trusted === 1)) seen.push('done')
    }
    assert.deepEqual(seen, [
      '1 in the Secret, 1,1 trusted, leaf by the old',
      '2 in the Secret, 2,2 trusted, leaf by the old',
      '2 in the Secret, 2,2 trusted, leaf by the new',
      '1 in the Secret, 1,1 trusted, leaf by the new',
      'done',
    ])
    assert.notEqual(replica.serving(), before)
    assert.equal(second.serving(), replica.serving())
    assert.deepEqual(Object.keys(toRecord(api.secret()?.data)).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
  })

  test('no test connection verifies → the leaf is not switched, with a log line', async () => {
    const { clock, api, contents } = installed()
    const dial = async () => ({ kind: 'unreachable', detail: 'no route to host' }) as const
    const replica = createTestReplica({ api: api.client, issuer, clock, dial })
    await replica.runRound()
    const before = replica.serving()
    advance(clock, 250 * dayMs)
    for (let rounds = 0; rounds < 100; rounds += 1) advance(clock, await replica.runRound())
    assert.equal(contents().authorities.length, 2)
    const { leaf, authorities } = contents()
    assert.ok(leaf.kind === 'usable')
    assert.equal(leaf.issuer.fingerprint, authorities[1]?.fingerprint)
    assert.equal(replica.figures.healthy, false)
    assert.match(JSON.stringify(replica.lines), /unreachable: no route to host/)
    assert.match(JSON.stringify(replica.lines), /waiting-for-dial/)
    assert.notEqual(before, null)
    // The old authority ends: what cannot be proved is still better than what is known to fail.
    advance(clock, 90 * dayMs)
    await runRoundsUntil(replica, clock, () => {
      const now = contents().leaf
      return now.kind === 'usable' && now.issuer.fingerprint === authorities[0].fingerprint
    })
  })

  const damages: readonly [string, RegExp, (data: Record<string, string>) => Record<string, string | undefined>][] = [
    [
      'no certificate of the authority',
      /ca\.crt does not contain a CA certificate/,
      (data) => ({ ...data, 'ca.crt': undefined }),
    ],
    ['half a key', /ca\.key is not a private key/, (data) => ({ ...data, 'ca.key': data['ca.key']?.slice(0, 400) })],
    ['no key', /ca\.key is absent/, (data) => ({ ...data, 'ca.key': undefined })],
    ['another key', /ca\.key is not the key of/, (data) => ({ ...data, 'ca.key': data['tls.key'] })],
    [
      'text',
      /ca\.crt does not contain a CA certificate/,
      (data) => ({ ...data, 'ca.crt': Buffer.from('hello').toString('base64') }),
    ],
  ]
  for (const [name, logged, damage] of damages) {
    test(`a corrupted Secret (${name}) → logged, and replaced by a rotation that no client notices`, async () => {
      const { clock, api, replica, contents, isTrusted, authorities } = installed()
      await replica.runRound()
      const before = replica.serving()
      const old = contents().authorities[0].fingerprint
      const secret = api.secret()
      assert.ok(secret)
      api.put('secret', { ...secret, data: damage(secret.data as Record<string, string>) })
      replica.markChanged()
      await replica.runRound()
      assert.match(JSON.stringify(replica.lines), logged)
      assert.equal(replica.serving(), before, 'what is served is valid still')
      await runRoundsUntil(replica, clock, () => {
        assert.ok(isTrusted(replica.serving()))
        return contents().authorities.length === 1 && authorities().every((count) => count === 1)
      })
      assert.notEqual(contents().authorities[0].fingerprint, old)
      assert.equal(replica.figures.healthy, true)
    })
  }

  test('a Secret created again by a replica without state → other replicas keep their certificate', async () => {
    const { clock, api, replica, another, contents, isTrusted, authorities } = installed()
    await replica.runRound()
    api.remove('secret')
    const newcomer = another()
    await newcomer.runRound()
    assert.ok(isTrusted(newcomer.serving()))
    assert.ok(isTrusted(replica.serving()), 'its authority is still trusted')
    assert.deepEqual(api.secret()?.metadata.labels, { 'app.kubernetes.io/managed-by': 'spark-nanny' })
    replica.markChanged()
    await replica.runRound()
    assert.notEqual(replica.serving(), newcomer.serving())
    for (let rounds = 0; rounds < 200; rounds += 1) {
      advance(clock, Math.max(await replica.runRound(), await newcomer.runRound()))
      for (const each of [replica, newcomer]) assert.ok(isTrusted(each.serving()))
    }
    assert.equal(replica.serving(), newcomer.serving())
    assert.deepEqual([contents().authorities.length, authorities()], [1, [1, 1]])
  })

  test('a deleted Secret → created again with its labels and the served certificate', async () => {
    const { api, replica, contents, another } = installed()
    await replica.runRound()
    api.remove('secret')
    replica.markChanged()
    await replica.runRound()
    assert.deepEqual(api.secret()?.metadata.labels, { 'app.kubernetes.io/instance': 'mine' })
    assert.equal(contents().authorities.length, 2)
    const newcomer = another()
    await newcomer.runRound()
    assert.equal(newcomer.serving(), replica.serving())
  })

  test('an uninstall → the Secret is not created again', async () => {
    const { api, replica, isTrusted } = installed()
    await replica.runRound()
    api.remove('configuration')
    api.remove('secret')
    replica.markChanged()
    await replica.runRound()
    assert.equal(api.secret(), undefined)
    api.put('configuration', createConfiguration())
    replica.markChanged()
    await replica.runRound()
    assert.notEqual(api.secret(), undefined)
    assert.ok(isTrusted(replica.serving()))
  })

  test('an unusable leaf → replaced by the same authority', async () => {
    const { api, replica, contents, isTrusted } = installed()
    await replica.runRound()
    const authority = contents().authorities[0].fingerprint
    const secret = api.secret()
    assert.ok(secret)
    const { 'tls.key': _, ...data } = secret.data as Record<string, string>
    api.put('secret', { ...secret, data })
    replica.markChanged()
    await replica.runRound()
    assert.equal(contents().authorities[0].fingerprint, authority)
    assert.equal(contents().leaf.kind, 'usable')
    assert.ok(isTrusted(replica.serving()))
  })

  test('a new name of the Service → a new leaf', async () => {
    const { api, clock, replica, contents } = installed()
    await replica.runRound()
    const hosts = ['other.spark-nanny.svc'] as const
    await createTestReplica({ api: api.client, issuer, clock, hosts }).runRound()
    const { leaf } = contents()
    assert.deepEqual(leaf.kind === 'usable' && leaf.hosts, hosts)
  })

  for (const [name, caBundles] of [
    ['emptied', ['', '']],
    ['half emptied', ['', 'keep']],
    ['garbage', ['garbage', 'garbage']],
  ] as const) {
    test(`a caBundle that was reset (${name}) → restored, and nothing else changes`, async () => {
      const { api, replica, isTrusted } = installed()
      await replica.runRound()
      const good = api.caBundles()
      const reset = createConfiguration(...caBundles.map((pem, index) => (pem === 'keep' ? (good[index] ?? '') : pem)))
      api.put('configuration', { ...reset, metadata: { ...reset.metadata, labels: { a: 'b' } } })
      replica.markChanged()
      await replica.runRound()
      assert.ok(isTrusted(replica.serving()))
      assert.deepEqual(api.caBundles(), good)
      const { resourceVersion, ...metadata } = api.configuration()?.metadata ?? { name: '' }
      assert.deepEqual(metadata, { name: 'spark-nanny', labels: { a: 'b' } })
      assert.deepEqual(
        JSON.stringify(api.configuration()?.webhooks),
        JSON.stringify(createConfiguration(...good).webhooks),
      )
    })
  }

  test('a caBundle that is reset during a read → restored', async () => {
    const { clock, api, isTrusted } = installed()
    let resetting = false
    const replica = createTestReplica({
      api: {
        ...api.client,
        request: async (request) => {
          const answer = api.answer(request)
          if (resetting && request.method === 'GET' && request.path.includes('mutatingwebhookconfigurations')) {
            resetting = false
            api.put('configuration', createConfiguration())
            replica.markChanged()
          }
          return answer
        },
      },
      issuer,
      clock,
    })
    await replica.runRound()
    resetting = true
    replica.markChanged()
    await replica.runRound()
    await replica.runRound()
    assert.ok(isTrusted(replica.serving()))
  })

  test('an expired authority → replaced', async () => {
    const { clock, replica, contents, isTrusted, authorities } = installed()
    await replica.runRound()
    advance(clock, 400 * dayMs)
    assert.deepEqual(replica.unready(), ['certificate-expired'])
    await replica.runRound()
    assert.deepEqual([replica.unready(), contents().authorities.length], [[], 1])
    assert.ok(isTrusted(replica.serving()))
    assert.deepEqual(authorities(), [1, 1], 'what has expired leaves the caBundle')
  })

  test('a replica whose clock is a year ahead → replaces nothing, logs it, and stays ready', async () => {
    const { clock, api, replica } = installed()
    await replica.runRound()
    const before = [api.secret(), api.configuration()]
    const ahead = { wallMs: clock.wallMs + 365 * dayMs + dayMs, elapsedMs: 0 }
    const skewed = createTestReplica({ api: api.client, issuer, clock: ahead })
    for (let rounds = 0; rounds < 5; rounds += 1) await skewed.runRound()
    assert.deepEqual([api.secret(), api.configuration()], before)
    assert.equal(skewed.figures.healthy, false)
    assert.match(JSON.stringify(skewed.lines), /the clock of spark-nanny is about 366d ahead of the API server’s/)
    assert.equal(skewed.events().filter((event) => event === 'certificate-problem').length, 1, 'logged once')
    assert.deepEqual(skewed.unready(), [])
    assert.equal(skewed.serving(), replica.serving())
  })

  test('an API server whose clock is a year ahead → nothing is replaced', async () => {
    const { clock, api, replica } = installed()
    await replica.runRound()
    const before = api.secret()
    let serverMs = clock.wallMs + 366 * dayMs
    const skewed = createTestReplica({
      api: {
        ...api.client,
        request: async (request) => {
          const answer = await api.client.request(request)
          return answer.kind === 'response' ? { ...answer, dateMs: serverMs } : answer
        },
      },
      issuer,
      clock,
    })
    await skewed.runRound()
    assert.deepEqual([api.secret(), skewed.figures.healthy], [before, false])
    serverMs = clock.wallMs
    skewed.markChanged()
    await skewed.runRound()
    assert.equal(skewed.figures.healthy, true)
  })

  test('a wrong clock at the first start → certificates dated by the API server', async () => {
    const { clock, api, contents } = installed()
    const ahead = { wallMs: clock.wallMs + 366 * dayMs, elapsedMs: 0 }
    const skewed = createTestReplica({ api: api.client, issuer, clock: ahead })
    await skewed.runRound()
    assert.equal(contents().authorities[0].expiresMs, clock.wallMs + 365 * dayMs)
  })

  test('a clock that jumps ahead → the API server is asked before any write', async () => {
    const { clock, api } = installed()
    const own = { ...clock }
    const replica = createTestReplica({ api: api.client, issuer, clock: own })
    await replica.runRound()
    const before = api.secret()
    own.wallMs += 300 * dayMs
    await replica.runRound()
    assert.deepEqual([api.secret(), replica.figures.healthy], [before, false])
  })

  test('a write that the API refuses → logged with its message, and retried', async () => {
    const { clock, api } = installed()
    let refusing = true
    const forbidden = { kind: 'response', status: 403, body: { message: 'secrets "tls" is forbidden' } } as const
    const replica = createTestReplica({
      api: {
        ...api.client,
        request: async (request) => (refusing && request.method !== 'GET' ? forbidden : api.client.request(request)),
      },
      issuer,
      clock,
    })
    await replica.runRound()
    assert.deepEqual([replica.unready(), replica.figures.healthy], [['certificate'], false])
    assert.match(JSON.stringify(replica.lines), /create: Secret tls: HTTP 403: secrets \\"tls\\" is forbidden/)
    refusing = false
    await replica.runRound()
    assert.deepEqual([replica.unready(), replica.figures.healthy], [[], true])
  })

  test('a write whose response is lost → not a problem once it is observed', async () => {
    const { clock, api } = installed()
    let losing = true
    const replica = createTestReplica({
      api: {
        ...api.client,
        request: async (request) => {
          const answer = api.answer(request)
          if (!losing || request.method !== 'PATCH' || !request.path.includes('mutatingwebhookconfigurations'))
            return answer
          losing = false
          return { kind: 'failed', detail: 'connection lost' }
        },
      },
      issuer,
      clock,
    })
    await replica.runRound()
    assert.equal(replica.figures.healthy, false)
    await replica.runRound()
    assert.equal(replica.figures.healthy, true)
  })
})
