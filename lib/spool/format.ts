// What the body of an entry is; the number stands in its head.

/** A request of remote write of either version, as it is sent. */
export const SNAPPY_WRITE_REQUEST = 1
/** A push to Loki with its tenant. */
export const LOKI_PUSH = 2
/** Canonical lines of records. */
export const RECORD_LINES = 3
/** An export of OTLP with its signal. */
export const OTLP_EXPORT = 4
/** A post to Zipkin. */
export const ZIPKIN_POST = 5
