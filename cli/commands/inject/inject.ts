import { type AdmissionRequest, createCreationRequest, parseReview } from '../../../admission/admission-review.ts'
import { admit } from '../../../admission/admit.ts'
import type { AdmissionContext, AdmissionDecision } from '../../../admission/decide.ts'
import { admissionReasons } from '../../../core/contract/skip-reasons.ts'
import { parsePod, parseService } from '../../../core/kubernetes/parse-objects.ts'
import type { ApplicationLookup } from '../../../core/spark/application-reference.ts'
import type { CliIo } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { type KubernetesObject, mapObjects, parseManifests, printManifests } from '../../manifests/manifests.ts'
import { UsageError } from '../../options/usage-error.ts'
import { lookUpApplication, type ProvidedApplication, readApplications } from './applications.ts'
import { type DerivedPod, derivePod } from './derived-pods.ts'
import { type Explanation, explain } from './explanation.ts'
import type { InjectOptions } from './options.ts'
import { renderExplanations } from './render-explanation.ts'

/** Prints the file's objects as the webhook would change them. Throws a UsageError if the file cannot be used. */
export async function inject(options: InjectOptions, version: string, io: CliIo): Promise<ExitCode> {
  const manifests = await readManifests(options.filename, 'Pods, Services, Lists or an AdmissionReview', io)
  const applications: readonly ProvidedApplication[] =
    options.application === undefined
      ? []
      : readApplications(
          options.application,
          (await readManifests(options.application, 'SparkApplications', io)).documents,
        )

  const explanations: Explanation[] = []
  const lookups: ApplicationLookup[] = []
  let exitCode: ExitCode = exitCodes.ok
  const admitOne = (request: AdmissionRequest, derived?: DerivedPod) => {
    const application: ApplicationLookup = derived?.application
      ? { kind: 'found', application: derived.application }
      : lookUpApplication(request, applications)
    lookups.push(application)
    const admission = admit(request, createContext(options, version, application))
    const { decision } = admission
    const name = derived?.from ?? `${request.kind.kind} ${request.namespace}/${request.name || '(no name yet)'}`
    if (decision.reason === 'internal-error' || decision.reason === 'patch-unverified') exitCode = exitCodes.failed
    if (!options.explain) reportDecision(name, decision, io)
    explanations.push(explain(name, request.object, decision, application, options))
    return admission
  }

  const admitReview = (review: KubernetesObject): KubernetesObject => {
    const parsed = parseReview(review)
    if (parsed.kind === 'request') return { ...admitOne(parsed.request).review }
    const { field, value, form } = parsed.problem
    throw new UsageError(`${options.filename}: AdmissionReview: ${field} is ${value}; it must be ${form}`)
  }
  const explainDerived = (object: KubernetesObject) => {
    const derived = options.explain ? derivePod(object, options.namespace) : undefined
    if (derived !== undefined) admitOne(createCreationRequest(derived.pod, options.namespace), derived)
  }

  const printed = mapObjects(manifests.documents, (object) => {
    if (object.kind === 'AdmissionReview') return admitReview(object)
    if (object.apiVersion !== 'v1' || (object.kind !== 'Pod' && object.kind !== 'Service')) {
      explainDerived(object)
      return object
    }
    const request = createCreationRequest(object, options.namespace)
    if ((object.kind === 'Pod' ? parsePod(object) : parseService(object)) === undefined) {
      throw new UsageError(`${options.filename}: ${object.kind} ${request.name} is not a valid ${object.kind}`)
    }
    const { decision } = admitOne(request)
    return applyDecision(object, decision)
  })
  if (applications.length > 0 && !lookups.some(({ kind }) => kind === 'found')) {
    io.stderr(`warning: no pod in ${options.filename} references a SparkApplication in ${options.application}`)
  }
  io.stdout(
    options.explain
      ? renderExplanations(explanations, options.output)
      : { kind: manifests.format, text: printManifests({ format: manifests.format, documents: printed }) },
  )
  return exitCode
}

function createContext(options: InjectOptions, version: string, application: ApplicationLookup): AdmissionContext {
  return {
    version,
    sidecar: { image: options.sidecarImage, imagePullPolicy: 'IfNotPresent' },
    servicesAdmitted: true,
    capabilities: options.kubernetesVersion.capabilities,
    application,
    limits: null,
    chartSettings: options.set,
  }
}

function applyDecision(object: KubernetesObject, decision: AdmissionDecision): KubernetesObject {
  if (decision.kind === 'inject') return { ...decision.pod }
  return decision.kind === 'patch-service' ? { ...decision.service } : object
}

/** Writes to stderr why an object was not changed, and all warnings. */
function reportDecision(name: string, decision: AdmissionDecision, io: CliIo): void {
  const { sentence, warn } = admissionReasons[decision.reason]
  if (decision.kind === 'skip' && !warn) io.stderr(`${name}: not changed: ${sentence}`)
  for (const warning of decision.warnings) io.stderr(`warning: ${name}: ${warning}`)
}

async function readManifests(path: string, wanted: string, io: CliIo) {
  const name = path === '-' ? 'standard input' : path
  const text = await (path === '-' ? io.readStdin() : io.readFile(path)).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(
      `${name}: ${readProblems[code] ?? `cannot be read (${code})`}; expected ${wanted} in YAML or JSON`,
    )
  })
  const parsed = parseManifests(text)
  if ('problem' in parsed) throw new UsageError(`${name}: ${parsed.problem}; expected ${wanted} in YAML or JSON`)
  return parsed
}

const readProblems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a directory',
  EACCES: 'cannot be read: permission denied',
}
