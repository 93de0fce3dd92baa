import { isRecord } from '../json.ts'
import type { Pod, Service } from './pod.ts'

/**
 * The object of a request as a Pod. Returns undefined if a field that spark-nanny reads does not have its type. The API
 * server only sends valid objects. The check prevents exceptions for objects of other clients.
 */
export function parsePod(object: unknown): Pod | undefined {
  return isRecord(object) && isAbsentOr(object.metadata, isMetadata) && isRecord(object.spec) && isPodSpec(object.spec)
    ? (object as Record<string, unknown> & Pod)
    : undefined
}

/** The object of a request as a Service. Returns undefined if a field that spark-nanny reads does not have its type. */
export function parseService(object: unknown): Service | undefined {
  return isRecord(object) &&
    isAbsentOr(object.metadata, isMetadata) &&
    isRecord(object.spec) &&
    isAbsentOr(object.spec.selector, isStrings)
    ? (object as Record<string, unknown> & Service)
    : undefined
}

function isMetadata(value: unknown): boolean {
  return (
    isRecord(value) &&
    isAbsentOr(value.labels, isStrings) &&
    isAbsentOr(value.annotations, isStrings) &&
    isAbsentOr(value.ownerReferences, (owners) => isListOf(owners, isOwner))
  )
}

function isOwner(value: unknown): boolean {
  return isRecord(value) && [value.apiVersion, value.kind, value.name, value.uid].every(isString)
}

function isPodSpec(spec: Record<string, unknown>): boolean {
  return (
    isListOf(spec.containers, isContainer) &&
    isAbsentOr(spec.initContainers, (items) => isListOf(items, isContainer)) &&
    isAbsentOr(spec.volumes, (items) => isListOf(items, isNamed)) &&
    isAbsentOr(spec.nodeSelector, isStrings) &&
    isAbsentOr(spec.resources, isResources) &&
    isAbsentOr(spec.overhead, isQuantities) &&
    isAbsentOr(spec.securityContext, isRecord) &&
    isAbsentOr(spec.os, isNamed)
  )
}

function isContainer(value: unknown): boolean {
  return (
    isRecord(value) &&
    isString(value.name) &&
    isAbsentOr(value.command, (items) => isListOf(items, isString)) &&
    isAbsentOr(value.args, (items) => isListOf(items, isString)) &&
    isAbsentOr(value.env, (items) => isListOf(items, isVariable)) &&
    isAbsentOr(value.ports, (items) => isListOf(items, isRecord)) &&
    isAbsentOr(value.volumeMounts, (items) => isListOf(items, isMount)) &&
    isAbsentOr(value.resources, isResources)
  )
}

const isMount = (value: unknown) => isNamed(value) && isString((value as Record<string, unknown>).mountPath)
const isResources = (value: unknown) =>
  isRecord(value) && isAbsentOr(value.requests, isQuantities) && isAbsentOr(value.limits, isQuantities)
const isNamed = (value: unknown) => isRecord(value) && isString(value.name)
const isVariable = (item: unknown) => isNamed(item) && isAbsentOr((item as Record<string, unknown>).value, isString)
const isString = (value: unknown) => typeof value === 'string'
const isStrings = (value: unknown) => isRecord(value) && Object.values(value).every(isString)
const isQuantities = (value: unknown) =>
  isRecord(value) && Object.values(value).every((item) => isString(item) || typeof item === 'number')
const isListOf = (value: unknown, test: (item: unknown) => boolean) => Array.isArray(value) && value.every(test)
/** Go programs may write an absent list or map as null. */
const isAbsentOr = (value: unknown, test: (value: unknown) => boolean) =>
  value === undefined || value === null || test(value)
