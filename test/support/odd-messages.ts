/** Ids that JSON has, and no client chooses. */
const IDS = ['{"toString":1}', '12345678901234567890', '[[]]', 'true', 'null'];

/** Answers to what nobody asked, and progress that nobody waits for, as JSON. */
export const ODD_MESSAGES: readonly string[] = IDS.flatMap((id) => [
  `{"jsonrpc":"2.0","id":${id},"result":{}}`,
  `{"jsonrpc":"2.0","id":${id},"error":{"code":-32603,"message":"Odd"}}`,
  `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${id},"progress":1}}`,
]);

/** A result that is nested deeper than anybody reads, as JSON. */
export const DEEP = `{"content":[],"structuredContent":${'['.repeat(250)}${']'.repeat(250)}}`;
