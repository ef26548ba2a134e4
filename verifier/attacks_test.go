// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// unsigned gives what a token signs.
func unsigned(header, payload members) string {
	return encode(toJSON(header)) + "." + encode(toJSON(payload))
}

// The oldest attack on JWTs: a header that says that there is no signature.
// Some libraries compare the name in one case and look it up in another.
func TestNoneIsNoAlgorithm(t *testing.T) {
	for _, alg := range []string{"none", "None", "NONE", "nOnE", " none", "none\x00", ""} {
		signed := unsigned(header(members{"alg": alg}), session(nil))
		for name, token := range map[string]string{
			"no signature":     signed + ".",
			"a real signature": signed + "." + encode(rsaSign(instanceKey, "RS256", signed)),
		} {
			t.Run(alg+", "+name, func(t *testing.T) {
				refused(t, token, verifier.ReasonTokenInvalidAlgorithm)
			})
		}
	}
}

// Algorithm confusion: the public key is public, so a verifier that feeds it
// to HMAC because the token says HS256 accepts anybody's signature.
func TestAPublicKeyIsNoSharedSecret(t *testing.T) {
	public := &instanceKey.PublicKey
	pkix := must(x509.MarshalPKIXPublicKey(public))
	secrets := map[string][]byte{
		"PEM":                    []byte(pemOf(instanceKey)),
		"PEM without line break": []byte(strings.TrimSpace(pemOf(instanceKey))),
		"PEM's body":             []byte(base64.StdEncoding.EncodeToString(pkix)),
		"PKIX":                   pkix,
		"PKCS #1":                x509.MarshalPKCS1PublicKey(public),
		"the modulus":            public.N.Bytes(),
		"the modulus, encoded":   []byte(encode(public.N.Bytes())),
		"the JWK":                []byte(toJSON(jwkOf(instanceKey, nil))),
		"nothing":                nil,
	}
	for name, secret := range secrets {
		for alg, hash := range map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512} {
			t.Run(alg+" with "+name, func(t *testing.T) {
				signed := unsigned(header(members{"alg": alg}), session(nil))
				mac := hmac.New(hash.New, secret)
				mac.Write([]byte(signed))
				refused(t, signed+"."+encode(mac.Sum(nil)), verifier.ReasonTokenInvalidAlgorithm)
			})
		}
		// The same signature under the name of the right algorithm.
		signed := unsigned(header(nil), session(nil))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		refused(t, signed+"."+encode(mac.Sum(nil)), verifier.ReasonTokenInvalidSignature)
	}
}

func TestOtherAlgorithmsAreRefusedByName(t *testing.T) {
	for _, alg := range []string{
		"PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "RS1", "HS256",
		"rs256", "Rs256", "RS256 ", " RS256", "RS256\x00", "RS256,none", "RSA", "SHA256", "constructor",
	} {
		t.Run(alg, func(t *testing.T) {
			refused(t, sign(header(members{"alg": alg}), session(nil)), verifier.ReasonTokenInvalidAlgorithm)
		})
	}
}

// An RSA key verifies several algorithms; the instance's is for one of them.
func TestSignaturesOfOtherRSASchemesAreRefused(t *testing.T) {
	signed := unsigned(header(nil), session(nil))
	digest256 := sha256.Sum256([]byte(signed))
	digest512 := sha512.Sum512([]byte(signed))
	for name, signature := range map[string][]byte{
		"PSS":                  must(rsa.SignPSS(rand.Reader, instanceKey, crypto.SHA256, digest256[:], nil)),
		"SHA-384":              rsaSign(instanceKey, "RS384", signed),
		"SHA-512":              must(rsa.SignPKCS1v15(nil, instanceKey, crypto.SHA512, digest512[:])),
		"no digest's name":     must(rsa.SignPKCS1v15(nil, instanceKey, 0, digest256[:])),
		"the attacker's key":   rsaSign(attackerKey, "RS256", signed),
		"the payload only":     rsaSign(instanceKey, "RS256", strings.Split(signed, ".")[1]),
		"the digest of digest": rsaSign(instanceKey, "RS256", string(digest256[:])),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, signed+"."+encode(signature), verifier.ReasonTokenInvalidSignature)
		})
	}
}

// RFC 7515 lets a token bring its own key or say where to fetch it. Whoever
// honors that lets every attacker sign for himself.
func TestKeysThatATokenBringsAreIgnored(t *testing.T) {
	key := jwkOf(attackerKey, nil)
	template := &x509.Certificate{SerialNumber: must(rand.Int(rand.Reader, attackerKey.N))}
	certificate := base64.StdEncoding.EncodeToString(must(x509.CreateCertificate(rand.Reader, template, template, &attackerKey.PublicKey, attackerKey)))
	for name, changes := range map[string]members{
		"jwk":             {"jwk": key},
		"jwk, no kid":     {"jwk": key.with(members{"kid": absent})},
		"jku":             {"jku": "https://evil.example/jwks.json"},
		"x5u":             {"x5u": "https://evil.example/cert.pem"},
		"x5c":             {"x5c": []string{certificate}},
		"x5t":             {"x5t": encode("x"), "x5t#S256": encode("y")},
		"all of them":     {"jwk": key, "jku": "https://evil.example", "x5c": []string{certificate}},
		"in the key's id": {"kid": kid, "key": key, "keys": []members{key}},
	} {
		t.Run(name, func(t *testing.T) {
			signed := unsigned(header(changes), session(nil))
			refused(t, signed+"."+encode(rsaSign(attackerKey, "RS256", signed)), verifier.ReasonTokenInvalidSignature)
			// The reference ignores such members too when the signature is good.
			accepted(t, sign(header(changes), session(nil)))
		})
	}
	onlyKid := unsigned(header(members{"jwk": key, "kid": "evil"}), session(nil))
	refused(t, onlyKid+"."+encode(rsaSign(attackerKey, "RS256", onlyKid)), verifier.ReasonJWKKidMismatch)
}

// An extension marked critical changes what the token means; RFC 7515 forbids
// to accept one that is not understood, and RFC 7797's b64 changes even which
// bytes are signed.
func TestCriticalExtensionsAreRefused(t *testing.T) {
	for name, changes := range map[string]members{
		"unknown":      {"crit": []string{"exp"}, "exp": 1},
		"b64":          {"crit": []string{"b64"}, "b64": false},
		"b64, true":    {"crit": []string{"b64"}, "b64": true},
		"an empty one": {"crit": []string{}},
		"null":         {"crit": nil},
		"a string":     {"crit": "b64"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, sign(header(changes), session(nil)), verifier.ReasonTokenInvalid)
		})
	}
	// Not marked as critical it is an unknown member like any other: what was
	// signed is what is read.
	accepted(t, sign(header(members{"b64": false}), session(nil)))
	// The payload as it is, which the token's author would have signed.
	raw := encode(toJSON(header(members{"b64": false}))) + "." + toJSON(session(nil))
	refused(t, raw+"."+encode(rsaSign(instanceKey, "RS256", raw)), verifier.ReasonTokenInvalid)
}

// A kid that reaches a file system, a database or a URL is an injection; here
// it is only ever compared.
func TestOddKeyIDsAreOnlyUnknown(t *testing.T) {
	for name, id := range map[string]any{
		"a path":          "../../../../dev/null",
		"an absolute one": "/etc/passwd",
		"SQL":             "x' UNION SELECT 'key';--",
		"a command":       "key|id",
		"a URL":           "https://evil.example/key",
		"a template":      "{{.}}${jndi:ldap://evil}",
		"empty":           "",
		"a number":        1,
		"an object":       members{kid: kid},
		"a list":          []string{kid},
		"null":            nil,
		"true":            true,
		"a NUL after it":  kid + "\x00",
		"another case":    "INS_1",
		"a blank before":  " " + kid,
		"huge":            strings.Repeat("k", 9000),
		"CR and LF":       "x\r\nSet-Cookie: a=b",
		"a prototype":     "__proto__",
	} {
		t.Run(name, func(t *testing.T) {
			token := sign(header(members{"kid": id}), session(nil))
			refused(t, token, verifier.ReasonJWKKidMismatch)
			refused(t, sign(header(members{"kid": id, "alg": "none"}), session(nil)), verifier.ReasonJWKKidMismatch)
		})
	}
}

// Of duplicate members one parser takes the first and another the last, so
// that a token can mean two things. The last counts, everywhere.
func TestOfDuplicateMembersTheLastCounts(t *testing.T) {
	payload := strings.TrimSuffix(toJSON(session(nil)), "}")
	h := strings.TrimSuffix(toJSON(header(nil)), "}")
	claims := accepted(t, signText(h+"}", payload+`,"sub":"user_2"}`))
	if claims.UserID != "user_2" {
		t.Errorf("expected the last subject, got %q", claims.UserID)
	}
	claims = accepted(t, signText(h+"}", payload+`,"s\u0075b":"user_3"}`))
	if claims.UserID != "user_3" {
		t.Errorf("expected an escaped name to be the same name, got %q", claims.UserID)
	}
	refused(t, signText(h+`,"alg":"none"}`, payload+"}"), verifier.ReasonTokenInvalidAlgorithm)
	refused(t, signText(h+`,"kid":"ins_2"}`, payload+"}"), verifier.ReasonJWKKidMismatch)
	refused(t, signText(h+`,"cat":"cl_B7d4PD222AAA"}`, payload+"}"), verifier.ReasonTokenTypeMismatch)
	refused(t, signText(h+"}", payload+`,"exp":1}`), verifier.ReasonTokenExpired)
	refused(t, signText(h+"}", payload+`,"sub":"mch_1"}`), verifier.ReasonTokenTypeMismatch)
	refused(t, signText(h+"}", payload+`,"azp":null}`), verifier.ReasonTokenInvalidAuthorizedParties)
	accepted(t, signText(`{"alg":"none","cat":"x",`+h[1:]+"}", payload+"}"))
}

// encoding/json matches the names of a struct's fields in any case; a token
// must not speak through "SUB" where another reader sees no subject.
func TestNamesInAnotherCaseDoNotCount(t *testing.T) {
	refused(t, sign(header(nil), session(members{"sub": absent, "SUB": "user_1", "Sub": "user_1"})), verifier.ReasonTokenVerificationFailed)
	refused(t, sign(header(nil), session(members{"exp": absent, "Exp": noon.Unix() + 60, "EXP": noon.Unix() + 60})), verifier.ReasonTokenVerificationFailed)
	refused(t, sign(header(nil), session(members{"azp": absent, "AZP": origin})), verifier.ReasonTokenInvalidAuthorizedParties)
	refused(t, sign(header(nil), session(members{"iss": absent, "ıss": issuer, "ISS": issuer})), verifier.ReasonTokenInvalidIssuer)
	refused(t, sign(header(members{"alg": absent, "Alg": "RS256", "ALG": "RS256"}), session(nil)), verifier.ReasonTokenInvalidAlgorithm)
	refused(t, sign(header(members{"kid": absent, "KID": kid}), session(nil)), verifier.ReasonJWKKidMismatch)
	claims := claimsOf(t, members{
		"SUB": "user_2", "Sid": "sess_2", "Exp": 1, "V": 2, "O": members{"id": "org_1"}, "ORG_ID": "org_1",
		"ſub": "user_3", "Act": members{"sub": "user_2"}, "STS": "pending", "Fva": []int{0, 0},
	})
	if claims.UserID != "user_1" || claims.SessionID != "sess_1" || claims.Organization != nil || claims.Actor != nil || claims.Pending() || claims.FactorAges != nil {
		t.Errorf("expected only exact names to count, got %+v", claims)
	}
	nested := claimsOf(t, members{"v": 2, "fea": "o:a", "o": members{"id": "org_1", "ID": "org_2", "ROL": "admin", "PER": "read", "FPM": "1"}})
	if nested.Organization.ID != "org_1" || nested.Organization.Role != "" || len(nested.Organization.Permissions) != 0 {
		t.Errorf("expected only exact names to count, got %+v", nested.Organization)
	}
}

// Two of the token classes that the instance's key also signs. A machine's
// token and a site's own template must not sign a person in.
func TestTokensOfOtherClassesAreNoSessions(t *testing.T) {
	for name, token := range map[string]string{
		"a machine by its subject":        sign(header(nil), session(members{"sub": "mch_2x"})),
		"a machine without a category":    sign(header(members{"cat": absent}), session(members{"sub": "mch_2x"})),
		"a machine where cat says naught": sign(header(members{"cat": "cl_I7d4PD111III"}), session(members{"sub": "mch_2x"})),
		"an escaped machine":              signText(toJSON(header(nil)), strings.Replace(toJSON(session(nil)), "user_1", `\u006dch_1`, 1)),
		"OAuth":                           sign(header(members{"typ": "at+jwt", "cat": absent}), session(nil)),
		"OAuth where cat says naught":     sign(header(members{"typ": "application/at+jwt", "cat": "cl_I7d4PD111III"}), session(nil)),
		"a template":                      sign(header(members{"cat": "cl_B7d4PD222AAA"}), session(nil)),
		"a category with a blank":         sign(header(members{"cat": "cl_B7d4PD111AAA "}), session(nil)),
		"a category in another case":      sign(header(members{"cat": "CL_B7D4PD111AAA"}), session(nil)),
		"a category as an object":         sign(header(members{"cat": json.RawMessage(`{"cat":"cl_B7d4PD111AAA"}`)}), session(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, token, verifier.ReasonTokenTypeMismatch)
		})
	}
}
