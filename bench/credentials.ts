/** Credentials of the first organization of every server under the bench. */
export const API_TOKEN = 'gat_bench'.padEnd(40, 't');
export const API_KEY = 'sk_bench'.padEnd(40, 'k');
export const ADMIN_TOKEN = 'operator_bench'.padEnd(40, 'o');
export const API_SECRET = 's3cr3t_bench'.padEnd(40, 's');
