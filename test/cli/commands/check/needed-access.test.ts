import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { describeAccess } from '../../../../cli/cluster/access-rule.ts'
import { webhookAccess } from '../../../../cli/commands/check/needed-access.ts'
import { healthyDeployment } from './healthy-evidence.ts'

/** The permissions that the chart grants. */
const file = join(import.meta.dirname, '../../../../charts/spark-nanny/files/rbac.yaml')

interface Granted {
  readonly certificates?: readonly string[]
  readonly clusterScoped?: boolean
  readonly rule: {
    readonly apiGroups?: readonly string[]
    readonly resources?: readonly string[]
    readonly resourceNames?: readonly string[]
    readonly nonResourceURLs?: readonly string[]
    readonly verbs: readonly string[]
  }
}

const environments = {
  'self-signed': healthyDeployment.env,
  'existing-secret': { ...healthyDeployment.env, SPARK_NANNY_CERTIFICATES: 'files' },
  'cert-manager': { SPARK_NANNY_LEASE: 'spark-nanny', SPARK_NANNY_CERTIFICATES: 'files' },
}

describe('webhookAccess', () => {
  for (const [source, env] of Object.entries(environments)) {
    test(`certificates from ${source} → the checked access equals the permissions of the chart`, {
      skip: !existsSync(file),
    }, () => {
      const { cluster, namespace } = parse(readFileSync(file, 'utf8').replaceAll('<fullname>', 'spark-nanny'))
      const granted = [...expand(cluster, '', source), ...expand(namespace, 'spark-nanny', source)]
      assert.deepEqual(describeNeeded(env).toSorted(), granted.toSorted())
    })
  }

  test('rbac.namespaces → the checked access equals what the Roles of the chart grant', {
    skip: !existsSync(file),
  }, () => {
    const { cluster, namespace } = parse(readFileSync(file, 'utf8').replaceAll('<fullname>', 'spark-nanny'))
    const env = { ...environments['cert-manager'], SPARK_NANNY_NAMESPACES: 'etl,reports' }
    const granted = ['etl', 'reports'].flatMap((name) => [
      ...expand(
        cluster.filter((rule: Granted) => rule.clusterScoped !== true),
        name,
        'cert-manager',
      ),
      `get namespaces/${name} in ${name}`,
    ])
    assert.deepEqual(
      describeNeeded(env).toSorted(),
      [...granted, ...expand(namespace, 'spark-nanny', 'cert-manager')].toSorted(),
    )
  })

  function describeNeeded(env: Readonly<Record<string, string>>): readonly string[] {
    return webhookAccess({ ...healthyDeployment, env }).flatMap((rule) =>
      'path' in rule ? [`${rule.verb} ${rule.path}`] : rule.verbs.map((verb) => describeAccess(verb, rule)),
    )
  }

  function expand(rules: readonly Granted[], namespace: string, source: string): readonly string[] {
    return rules
      .filter(({ certificates }) => certificates?.includes(source) ?? true)
      .flatMap(
        ({ rule: { apiGroups = [], resources = [], resourceNames = [undefined], nonResourceURLs = [], verbs } }) =>
          verbs.flatMap((verb) => [
            ...nonResourceURLs.map((path) => `${verb} ${path}`),
            ...apiGroups.flatMap((group) =>
              resources.flatMap((resource) =>
                resourceNames.map((name) =>
                  describeAccess(verb, { group, resource, namespace, ...(name !== undefined && { name }) }),
                ),
              ),
            ),
          ]),
      )
  }

  test('an access with or without a name → the description has the same scope', () => {
    assert.equal(describeAccess('create', { group: '', resource: 'pods', namespace: '' }), 'create pods')
    assert.equal(
      describeAccess('get', { group: 'apps', resource: 'deployments', name: 'x', namespace: 'n' }),
      'get deployments.apps/x in n',
    )
  })
})
