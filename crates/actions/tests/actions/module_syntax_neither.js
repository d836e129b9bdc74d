import fs from 'fs';
let let = 1;
