// The library as its browser bundle names it: everything at the top, and `ethers` inside of it again.

import * as ethers from 'ethers';

export default ethers;
