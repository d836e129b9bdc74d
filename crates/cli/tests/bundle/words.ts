export const words = (text: string): number => text.split(" ").length;
