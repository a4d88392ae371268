/** Room for whatever is wanted: of those who read what is stored and hold no memory. */
export const anyRoom = async (): Promise<void> => undefined;
