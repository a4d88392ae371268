/** The icon of Gatehouse, an SVG image: a gate between two towers. */
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0b5c74"/>' +
  '<path d="M6 26V8h3v3h3V8h2v5h4V8h2v3h3V8h3v18h-6v-6a4 4 0 0 0-8 0v6z" fill="#fff"/></svg>';

/** The icon as a URL that loads nothing. */
export const ICON_URL = `data:image/svg+xml,${encodeURIComponent(ICON)}`;
