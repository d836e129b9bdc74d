// Attests the temperature of a city with the action's own key: no PKP and no grant, the code itself is the signer.
// Whoever knows the CID can check the signature (see verify-action-signature), and nobody can make another action sign it.
const go = async () => {
  const response = await fetch(`https://weather.example/v1/current?city=${encodeURIComponent(city)}`);
  const { celsius } = await response.json();
  const statement = JSON.stringify({ city, celsius: Math.round(celsius), hour: Math.floor(Date.now() / 3600000) });
  const signature = await Lit.Actions.signAsAction({
    toSign: new TextEncoder().encode(statement),
    sigName: 'weather',
    signingScheme: 'EcdsaK256Sha256',
  });
  Lit.Actions.setResponse({ response: JSON.stringify({ statement, signature }) });
};
go();
