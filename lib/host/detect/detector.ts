// What a detector of resources is, and what it may look at.

import type { HttpRequest, HttpResponse } from '../../net/client.js'
import type { Host } from '../host.js'

/** Attributes of a resource by name. */
export type Found = { [name: string]: string | number | undefined }

/** The surroundings of the process. */
export interface Surroundings {
  readonly host: Host
  env(name: string): string | undefined
  /** A file of the pod's downward API; undefined where it is missing. */
  podinfo(name: string): string | undefined
  /** Asks a metadata service. Throws an HttpError where there is no answer. */
  http(request: HttpRequest): Promise<HttpResponse>
  /** Addresses of metadata services, without a slash at the end. */
  readonly services: { readonly ec2: string; readonly gcp: string; readonly azure: string }
}

/** Throws Undetected where there is nothing to find; attributes that are undefined or empty are left out. */
export type Detector = (around: Surroundings) => Found | Promise<Found>

/** Why a detector found nothing; a sentence for people. */
export class Undetected extends Error {}
