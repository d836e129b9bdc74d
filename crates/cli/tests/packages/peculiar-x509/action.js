// Reads a certificate.
// Gives: {"subject":"CN=wallet.example, O=Quorum","serial":"1234","until":"2036-11-26T14:22:01.000Z","algorithm":"RSASSA-PKCS1-v1_5"}
import "npm:reflect-metadata@0.2.2";
import { X509Certificate } from "npm:@peculiar/x509@2.2.0";

const PEM = `-----BEGIN CERTIFICATE-----
MIIDIzCCAgugAwIBAgICEjQwDQYJKoZIhvcNAQELBQAwKjEXMBUGA1UEAwwOd2Fs
bGV0LmV4YW1wbGUxDzANBgNVBAoMBlF1b3J1bTAeFw0yNjExMjkxNDIyMDFaFw0z
NjExMjYxNDIyMDFaMCoxFzAVBgNVBAMMDndhbGxldC5leGFtcGxlMQ8wDQYDVQQK
DAZRdW9ydW0wggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCbIanyLyWW
hAN6/4k/NOMc6uP1703qkA2z8NoNO+KfJTz8jjAXzfb8kkoxaHBPutnh7HHbBjP4
BV3wP3lAu+vMHRrir4iszLUvxwmHzDFpDl0FjOT1gUV1+IBGUqxwK/I6KBZIVIKJ
ciEst1LS3ccepmWH2CgvPoUluuXt9BKh/nHeubN6zz3HknawFFqSiMXq8hDBKTq8
IYWrvZPufVSRZvJj2zd373XRRILOwcjqGKvOLnnT+B4DfAsmi7f9RwSJkoRs+Z/6
0L+eqNRCH1AMToygchseFwIwZh8mnAoAfmmxHsYEJNHaWq0zF8JX9WGxWBPsO4kd
1h/HBquIDqhhAgMBAAGjUzBRMB0GA1UdDgQWBBTw/2K2hQIuqfXq7ArXnkawBkD2
AzAfBgNVHSMEGDAWgBTw/2K2hQIuqfXq7ArXnkawBkD2AzAPBgNVHRMBAf8EBTAD
AQH/MA0GCSqGSIb3DQEBCwUAA4IBAQAHfuaxzF+tubw1qZZDBT7baa2W+qulAAhA
PxxZzj/2i/2fxX9LQisWlmvcF7Q0h8bp2m6MUTJuLf6ZXeHvhwK/LrK54a4K9IeP
6Y/SLfU/BwUN2eaPwMkLOmXAzzLQqwpliycqp5vsPtnnqaNk66H/O7Cj69ts08mF
Rv4F3uOEO1S6i0ngHD34IKTkWDff37DpRUxK6Ta+6kZIzTMfXI6NMTuqngRb4bAb
9xC3fWepuMYm9+TyRZ1h3h76980LRDfjQCJvqE1UMg6D5ghp+KtkhBbUf+mnYIxa
oPuu+uO2FWQVB76fCgb0mUCyK45FQQxiw3huTqucj0qbZaXM8kHf
-----END CERTIFICATE-----`;

export async function main() {
  const certificate = new X509Certificate(PEM);
  return { subject: certificate.subject, serial: certificate.serialNumber, until: certificate.notAfter.toISOString(), algorithm: certificate.publicKey.algorithm.name };
}
