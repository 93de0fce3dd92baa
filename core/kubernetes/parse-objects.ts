import { isRecord } from '../json.ts'
import type { Pod, Service } from './pod.ts'

/**
 * The object of a request as a Pod, or undefined when a part that we read has not its form. The API server sends valid
 * objects only after its own decoding; this keeps anyone else's from ending in an exception.
 */
export function parsePod(object: unknown): Pod | undefined {
  return isRecord(object) && optional(object.metadata, isMetadata) && isRecord(object.spec) && isPodSpec(object.spec)
    ? (object as Record<string, unknown> & Pod)
    : undefined
}

/** The object of a request as a Service, or undefined when a part that we read has not its form. */
export function parseService(object: unknown): Service | undefined {
  return isRecord(object) &&
    optional(object.metadata, isMetadata) &&
    isRecord(object.spec) &&
    optional(object.spec.selector, isStrings)
    ? (object as Record<string, unknown> & Service)
    : undefined
}

function isMetadata(value: unknown): boolean {
  return (
    isRecord(value) &&
    optional(value.labels, isStrings) &&
    optional(value.annotations, isStrings) &&
    optional(value.ownerReferences, (owners) => listOf(owners, isOwner))
  )
}

function isOwner(value: unknown): boolean {
  return isRecord(value) && [value.apiVersion, value.kind, value.name, value.uid].every(isString)
}

function isPodSpec(spec: Record<string, unknown>): boolean {
  return (
    listOf(spec.containers, isContainer) &&
    optional(spec.initContainers, (items) => listOf(items, isContainer)) &&
    optional(spec.volumes, (items) => listOf(items, isNamed)) &&
    optional(spec.nodeSelector, isStrings) &&
    optional(spec.resources, isResources) &&
    optional(spec.overhead, isQuantities) &&
    optional(spec.securityContext, isRecord) &&
    optional(spec.os, isNamed)
  )
}

function isContainer(value: unknown): boolean {
  return (
    isRecord(value) &&
    isString(value.name) &&
    optional(value.args, (items) => listOf(items, isString)) &&
    optional(value.env, (items) => listOf(items, isNamed)) &&
    optional(value.ports, (items) => listOf(items, isRecord)) &&
    optional(value.volumeMounts, (items) => listOf(items, isMount)) &&
    optional(value.resources, isResources)
  )
}

const isMount = (value: unknown) => isNamed(value) && isString((value as Record<string, unknown>).mountPath)
const isResources = (value: unknown) =>
  isRecord(value) && optional(value.requests, isQuantities) && optional(value.limits, isQuantities)
const isNamed = (value: unknown) => isRecord(value) && isString(value.name)
const isString = (value: unknown) => typeof value === 'string'
const isStrings = (value: unknown) => isRecord(value) && Object.values(value).every(isString)
const isQuantities = (value: unknown) =>
  isRecord(value) && Object.values(value).every((item) => isString(item) || typeof item === 'number')
const listOf = (value: unknown, test: (item: unknown) => boolean) => Array.isArray(value) && value.every(test)
/** Go writes an absent list or map as null now and then. */
const optional = (value: unknown, test: (value: unknown) => boolean) =>
  value === undefined || value === null || test(value)
