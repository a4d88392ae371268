/** Rules that the linter does not bring: what makes every API of this document (every "door") answer in one voice. */

const DOORS = [
  { prefix: '/api/', errors: 'Servers', wanted: ['400', '401', '403', 'default'] },
  { prefix: '/integration', errors: 'Accounts', wanted: ['400', '401', 'default'] },
  { prefix: '/integrated-account', errors: 'Accounts', wanted: ['400', '401', 'default'] },
  { prefix: '/mcp', errors: 'Gateway', wanted: ['401', 'default'] },
  { prefix: '/admin/api/', errors: 'Operator', wanted: ['401', 'default'] },
  { prefix: '/', errors: 'Operator', wanted: [] },
];

/** Every 4xx and `default` response is the named one of its door, and those that the door always needs are there. */
function doorErrors() {
  let door;
  return {
    PathItem(_pathItem, { key }) {
      door = DOORS.find(({ prefix }) => String(key).startsWith(prefix));
    },
    Operation({ responses }, { report, location }) {
      for (const [status, response] of Object.entries(responses)) {
        const expected = new RegExp(`(^|/)responses/${door.errors}\\w+\\.yaml$`);
        if ((status === 'default' || status.startsWith('4')) && !expected.test(response.$ref ?? '')) {
          report({
            message: `The ${status} response must be one of the named responses ${door.errors}*.`,
            location: location.child(['responses', status]),
          });
        }
      }
      for (const status of door.wanted.filter((wanted) => !(wanted in responses))) {
        report({ message: `The response ${status} is missing.`, location: location.child('responses').key() });
      }
    },
  };
}

/** Every response with content has at least one named example: examples are what the mock serves. */
function namedExamples() {
  return {
    MediaType({ examples }, { report, location }) {
      if (Object.keys(examples ?? {}).length === 0) {
        report({ message: 'Give it named `examples`: they are what the mock serves.', location: location.key() });
      }
    },
  };
}

export default () => ({
  id: 'gatehouse',
  rules: { oas3: { 'door-errors': doorErrors, 'named-examples': namedExamples } },
});
