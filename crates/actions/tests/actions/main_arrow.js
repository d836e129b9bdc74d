const helper = { main: 1 };
const main = async () => `main ran ${helper.main}`;
