import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import {
  actionsAnnotation,
  bypassedAnnotation,
  nextApplicationIdSuffixAnnotation,
  sidecarContainerName,
  sidecarPort,
} from '../../core/contract/pod-contract.ts'
import { type Permission, readPermissions, readPolicies } from '../../docs/rbac-page.ts'
import { findChartProblems, parseConfig } from '../../webhook/config/config.ts'

/** What helm makes of the chart, as test/cluster/tests/chart-templates.test.ts has written it down. */
const goldens = globSync(join(import.meta.dirname, '../golden/chart/*.yaml')).sort()

interface Manifest {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Readonly<Record<string, string>>
  }
  readonly data?: object
  readonly stringData?: object
  readonly rules?: readonly object[]
  readonly webhooks?: readonly {
    readonly name: string
    readonly timeoutSeconds: number
    readonly reinvocationPolicy: 'IfNeeded' | 'Never'
    readonly failurePolicy: 'Ignore' | 'Fail'
    readonly clientConfig: { readonly service: { readonly name: string } }
  }[]
  readonly spec: {
    /** Of a ValidatingAdmissionPolicy. */
    readonly failurePolicy?: string
    readonly matchConditions?: readonly { readonly expression: string }[]
    /** Of a NetworkPolicy. */
    readonly ingress?: readonly { readonly ports?: readonly Port[]; readonly from?: readonly Peer[] }[]
    readonly egress?: readonly { readonly ports?: readonly Port[]; readonly to?: readonly Peer[] }[]
    /** Of its binding. */
    readonly policyName?: string
    readonly validationActions?: readonly string[]
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly volumes?: readonly { readonly secret: { readonly defaultMode: number } }[]
        readonly topologySpreadConstraints?: readonly {
          readonly topologyKey: string
          readonly matchLabelKeys?: readonly string[]
        }[]
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[]
          readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
        }[]
      }
    }
  }
}

interface Port {
  readonly port: string | number
  readonly endPort?: number
}

interface Peer {
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly ipBlock?: Readonly<Record<string, string>>
}

const manifestsOf = (file: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)

function environmentOf(manifests: readonly Manifest[]): Readonly<Record<string, string>> {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment')
  const env = deployment?.spec.template.spec.containers[0]?.env ?? []
  return Object.fromEntries(env.map(({ name, value = 'by-the-downward-api' }) => [name, value]))
}

describe('chart manifests', () => {
  test('the golden files → cover at least eight value sets', () => assert.ok(goldens.length >= 8))

  for (const file of goldens) {
    const manifests = manifestsOf(file)
    const name = basename(file, '.yaml')

    test(`${name} → no object contains a private key, and no Secret contains data`, () => {
      assert.doesNotMatch(readFileSync(file, 'utf8'), /PRIVATE KEY|LS0tLS1CRUdJTi[A-Za-z0-9+/]*UFJJVkFURSBLRV/)
      for (const { kind, data, stringData } of manifests) {
        if (kind === 'Secret') assert.deepEqual({ data, stringData }, { data: undefined, stringData: undefined })
      }
    })

    test(`${name} → each object has the labels of the chart`, () => {
      for (const { metadata, kind } of manifests.filter(({ kind }) => kind !== 'ConfigMap')) {
        for (const label of ['name', 'instance', 'version', 'component']) {
          assert.ok(metadata.labels[`app.kubernetes.io/${label}`], `${kind} ${metadata.name}: ${label}`)
        }
      }
    })

    test(`${name} → the webhook accepts the environment`, () => {
      // The process starts without files only when it makes its own certificates.
      const files = { SPARK_NANNY_TLS_CERT_FILE: '/tls.crt', SPARK_NANNY_TLS_KEY_FILE: '/tls.key' }
      const parsed = parseConfig({ ...files, ...environmentOf(manifests) })
      assert.ok('config' in parsed, JSON.stringify(parsed))
      assert.deepEqual(findChartProblems(parsed.config), [])
    })

    test(`${name} → each admission policy has a binding, and applies only to the release’s ServiceAccount`, () => {
      const policies = manifests.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
      const bindings = manifests.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')
      const isOff = name === 'minimal' || name === 'kubernetes-1.29'
      const fullname = name === 'everything' ? 'nanny' : 'spark-nanny'
      const wanted = isOff ? [] : readPolicies().map((policy) => `${fullname}-${policy.name}`)
      assert.deepEqual(
        policies.map(({ metadata }) => metadata.name),
        wanted,
      )
      assert.deepEqual(
        bindings.map(({ spec }) => [spec.policyName, spec.validationActions]),
        wanted.map((policy) => [policy, ['Deny']]),
      )
      for (const { spec } of policies) {
        assert.deepEqual(
          spec.matchConditions?.map(({ expression }) => expression),
          [
            `has(request.userInfo.username) && request.userInfo.username == 'system:serviceaccount:spark-nanny:${fullname}'`,
          ],
        )
        assert.equal(spec.failurePolicy, 'Fail')
      }
    })

    test(`${name} → the grace period covers both waits`, () => {
      const spec = manifests.find(({ kind }) => kind === 'Deployment')?.spec.template.spec
      const sleep = spec?.containers[0]?.lifecycle?.preStop.sleep.seconds ?? 0
      const drain = Number.parseInt(environmentOf(manifests).SPARK_NANNY_DRAIN ?? '', 10)
      // The server gives open requests five seconds more.
      assert.ok((spec?.terminationGracePeriodSeconds ?? 0) > sleep + drain + 5)
    })

    test(`${name} → hanging replicas do not keep a driver from starting`, () => {
      const webhooks = manifests.find(({ kind }) => kind === 'MutatingWebhookConfiguration')?.webhooks ?? []
      for (const what of ['pods', 'services']) {
        const called = webhooks.filter(({ name }) => name.startsWith(what))
        const seconds = called.reduce(
          (sum, { timeoutSeconds, reinvocationPolicy }) =>
            sum + timeoutSeconds * (reinvocationPolicy === 'IfNeeded' ? 2 : 1),
          0,
        )
        // spark.kubernetes.submission.requestTimeout is 10 s.
        assert.ok(seconds <= 8, `${what}: ${seconds} s`)
      }
    })

    test(`${name} → a driver does not wait for one replica while another responds`, () => {
      const webhooks = manifests.find(({ kind }) => kind === 'MutatingWebhookConfiguration')?.webhooks ?? []
      const strict = webhooks.filter(({ failurePolicy }) => failurePolicy === 'Fail')
      const services = strict.map(({ clientConfig }) => clientConfig.service.name)
      const all = 'spark-nanny-webhook'
      assert.deepEqual(services, name === 'failure-policy-fail' ? [all, all] : [])
    })

    test(`${name} → the roles grant exactly the permissions of files/rbac.yaml`, () => {
      const roles = manifests.filter(({ kind, metadata }) => /Role$/.test(kind) && !metadata.name.endsWith('-test'))
      if (name === 'minimal' || name === 'namespaces') return assert.equal(roles.length, name === 'minimal' ? 0 : 3)
      const { cluster, namespace } = readPermissions()
      const fullname = name === 'everything' ? 'nanny' : 'spark-nanny'
      const env = environmentOf(manifests)
      const source = env.SPARK_NANNY_CERTIFICATES === 'self-signed' ? 'self-signed' : 'existing-secret'
      const wanted = (permissions: readonly Permission[]) =>
        permissions
          .filter(
            ({ certificates }) =>
              !certificates || ('SPARK_NANNY_WEBHOOK_CONFIGURATION' in env && certificates.includes(source)),
          )
          .map(({ rule }) => JSON.parse(JSON.stringify(rule).replaceAll('<fullname>', fullname)))
      const rulesOf = (wantedKind: string) => roles.find(({ kind }) => kind === wantedKind)?.rules
      assert.deepEqual(rulesOf('ClusterRole'), wanted(cluster))
      assert.deepEqual(rulesOf('Role'), wanted(namespace))
    })
  }

  test('rbac.namespaces → no role is cluster-wide, and each namespace gets all rules that a Role can grant', () => {
    const manifests = manifestsOf(goldens.find((file) => basename(file) === 'namespaces.yaml') ?? '')
    assert.deepEqual(
      manifests.filter(({ kind }) => kind.startsWith('ClusterRole')),
      [],
    )
    const { cluster } = readPermissions()
    const granted = cluster.filter(({ clusterScoped }) => clusterScoped !== true).map(({ rule }) => rule)
    for (const namespace of ['golden-etl', 'golden-reports']) {
      const role = manifests.find(({ kind, metadata }) => kind === 'Role' && metadata.namespace === namespace)
      const own = { apiGroups: [''], resources: ['namespaces'], resourceNames: [namespace], verbs: ['get'] }
      assert.deepEqual(role?.rules, [...granted, own])
      assert.ok(manifests.some(({ kind, metadata }) => kind === 'RoleBinding' && metadata.namespace === namespace))
    }
    const { SPARK_NANNY_NAMESPACES: names, SPARK_NANNY_OLDEST_KUBELET: kubelet } = environmentOf(manifests)
    assert.deepEqual([names, kubelet], ['golden-etl,golden-reports', '1.33'])
  })

  describe('NetworkPolicy', () => {
    const policyOf = (name: string) => {
      const golden = goldens.find((file) => basename(file) === `${name}.yaml`) ?? ''
      const found = manifestsOf(golden).find(({ kind }) => kind === 'NetworkPolicy')
      assert.ok(found)
      return found.spec
    }
    const allows = (name: string, wanted: number) =>
      (policyOf(name).egress ?? []).some(({ ports = [], to }) =>
        ports.some(
          ({ port, endPort = port }) => to === undefined && Number(port) <= wanted && wanted <= Number(endPort),
        ),
      )
    const sources = (name: string, wanted: string) =>
      (policyOf(name).ingress ?? [])
        .filter(({ ports }) => ports?.some(({ port }) => port === wanted))
        .map(({ from }) => from)

    for (const [name, uiPorts] of [
      ['network-policy', [4040, 4056, 4100]],
      ['everything', [4040, 4056, 8080]],
    ] as const) {
      test(`${name} → the controller reaches the sidecars, the Spark UIs, DNS and the API server`, () => {
        for (const port of [sidecarPort, ...uiPorts, 53, 443, 6443]) assert.ok(allows(name, port), `${port}`)
        for (const port of [22, 2379, 4057, 10250]) assert.ok(!allows(name, port), `${port}`)
      })
    }

    test('the default → only Prometheus reaches the metrics, and all peers reach the webhook', () => {
      const labels = { 'app.kubernetes.io/name': 'prometheus' }
      assert.deepEqual(sources('network-policy', 'metrics'), [
        [{ namespaceSelector: {}, podSelector: { matchLabels: labels } }],
      ])
      assert.deepEqual(sources('network-policy', 'https'), [undefined])
    })

    test('webhookFrom → only these peers, the replicas and helm test reach the webhook', () => {
      const [from = []] = sources('everything', 'https')
      const selected = from.map((peer) => Object.values(peer.podSelector?.matchLabels ?? peer.ipBlock ?? {}))
      assert.deepEqual(selected, [['10.0.0.0/28'], ['webhook', 'spark-nanny', 'spark-nanny'], ['nanny-test', 'test']])
    })
  })

  test('a certificate that is mounted → is readable by the pod’s group only, if the pod has one', () => {
    const modeOf = (name: string) => {
      const golden = goldens.find((file) => basename(file) === `${name}.yaml`) ?? ''
      const deployment = manifestsOf(golden).find(({ kind }) => kind === 'Deployment')
      return deployment?.spec.template.spec.volumes?.[0]?.secret.defaultMode
    }
    assert.equal(modeOf('network-policy'), 0o440)
    assert.equal(modeOf('existing-secret'), 0o444)
  })

  test('values-ha.yaml → both Deployments are spread over nodes and zones together', () => {
    const ha = goldens.find((file) => basename(file) === 'ha.yaml') ?? ''
    for (const { spec } of manifestsOf(ha).filter(({ kind }) => kind === 'Deployment')) {
      const constraints = spec.template.spec.topologySpreadConstraints ?? []
      const together = constraints.filter(({ matchLabelKeys }) => !matchLabelKeys?.includes('pod-template-hash'))
      const keys = together.map(({ topologyKey }) => topologyKey)
      assert.deepEqual(keys, ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'])
    }
  })

  test('the admission policies → name exactly the fields that the controller changes', () => {
    const policy = (wanted: string) => readPolicies().find(({ name }) => name === wanted)
    const annotations = (name: string) =>
      policy(name)
        ?.spec.variables?.find((variable) => variable.name === 'ownAnnotations')
        ?.expression.match(/[^'[\], ]+/g)
    assert.deepEqual(annotations('pods'), [nextApplicationIdSuffixAnnotation, bypassedAnnotation])
    assert.deepEqual(annotations('applications'), [actionsAnnotation])
    const expressions =
      policy('pods')
        ?.spec.validations.map(({ expression }) => expression)
        .join('\n') ?? ''
    assert.deepEqual([...new Set(expressions.match(/(?<=name == ')[^']+/g))], [sidecarContainerName])
  })

  test('each permission to change objects → an admission policy restricts it, or docs/rbac.md says what remains', () => {
    const { cluster, namespace } = readPermissions()
    const reads = ['get', 'list', 'watch']
    for (const { rule, stolen, why } of [...cluster, ...namespace]) {
      assert.match(stolen.without, /^[A-Z].*\.$/, why)
      const restricted = readPolicies().some(({ spec }) =>
        spec.matchConstraints.resourceRules.some(({ resources }) =>
          rule.resources?.some((one) => resources.includes(one)),
        ),
      )
      if (stolen.with !== undefined) assert.ok(restricted && !rule.verbs.every((verb) => reads.includes(verb)), why)
    }
    const unrestricted = [...cluster, ...namespace]
      .filter(({ rule, stolen }) => stolen.with === undefined && !rule.verbs.every((verb) => reads.includes(verb)))
      .map(({ rule }) => `${rule.resources?.join()} ${rule.resourceNames?.join() ?? ''}`.trim())
    assert.deepEqual(unrestricted, ['events', 'leases <fullname>', 'secrets <fullname>-webhook-tls'])
  })

  test('each permission → has a reason and grants only what it names', () => {
    const { cluster, namespace } = readPermissions()
    for (const { why, rule } of [...cluster, ...namespace]) {
      assert.match(why, /^[A-Z].*\.$/)
      assert.ok(![rule.apiGroups, rule.resources, rule.verbs].flat().includes('*'), why)
    }
    // Secrets and Leases of one name only, but for their creation, and none outside of the own namespace.
    const named = (kind: string) => namespace.filter(({ rule }) => rule.resources?.includes(kind))
    for (const { rule } of [...named('secrets'), ...named('leases')]) {
      assert.ok(rule.resourceNames !== undefined || rule.verbs.join() === 'create')
    }
    assert.ok(!cluster.some(({ rule }) => rule.resources?.includes('secrets')))
    // Written by PATCH (certs/trust/secret.ts); never replaced as a whole.
    assert.ok(!named('secrets').some(({ rule }) => rule.verbs.includes('update')))
  })
})
