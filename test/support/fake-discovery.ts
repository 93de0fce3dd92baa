/** The discovery response for `/apis` and `/apis/GROUP/VERSION`; undefined for any other path. */
export function discovery(pathname: string, collections: Iterable<string>): object | undefined {
  const rows = [...collections].flatMap((path) => {
    const [, group, version, name] = /^\/apis\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? []
    return group === undefined || name === undefined ? [] : [{ group, groupVersion: `${group}/${version}`, name }]
  })
  if (pathname === '/apis') {
    const groups = rows.map(({ group, groupVersion }) => ({ name: group, versions: [{ groupVersion }] }))
    return { kind: 'APIGroupList', apiVersion: 'v1', groups }
  }
  const resources = rows.filter(({ groupVersion }) => pathname === `/apis/${groupVersion}`)
  return resources.length === 0 ? undefined : { kind: 'APIResourceList', apiVersion: 'v1', resources }
}
