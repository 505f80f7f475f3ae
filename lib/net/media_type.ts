// The media type that a content-type says (RFC 9110, section 8.3.1).

/** Lower case, without parameters; `''` where there is none. */
export function mediaType(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0].trim().toLowerCase() ?? ''
}
