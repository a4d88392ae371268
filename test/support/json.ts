/**
 * Parsed JSON that a test looks into or changes without asking for types: what an answer holds has been checked against
 * the document, and what a test makes wrong on purpose has no type.
 */
export type Json = ReturnType<typeof JSON.parse>;
