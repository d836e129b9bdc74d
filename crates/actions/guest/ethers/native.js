// What the replaced parts of ethers compute with. The bundle is the body of a function whose parameter
// `quorateNative` is the guest's own `compute` with its names.

export const { compute, OP, ALG } = quorateNative;
