// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"os"

	"github.com/caddyserver/caddy/v2"
)

// over gives the settings with what they leave open taken from those behind
// them. Keys are taken from there only if they are of the same Clerk instance:
// a gate must not let in whom another instance vouches for.
func (s Settings) over(d Settings, repl *caddy.Replacer) Settings {
	if s.keyring(repl).isAnother(d.keyring(repl)) {
		d = d.withoutKeys()
	}
	if s.JWTKey == "" && s.JWKSURL == "" {
		// The two are one choice, and are inherited as one.
		s.JWTKey, s.JWKSURL = d.JWTKey, d.JWKSURL
	}
	return Settings{
		PublishableKey:    cmp.Or(s.PublishableKey, d.PublishableKey),
		SecretKey:         cmp.Or(s.SecretKey, d.SecretKey),
		MachineSecretKey:  cmp.Or(s.MachineSecretKey, d.MachineSecretKey),
		JWTKey:            s.JWTKey,
		JWKSURL:           s.JWKSURL,
		KeysMaxStale:      cmp.Or(s.KeysMaxStale, d.KeysMaxStale),
		APIURL:            cmp.Or(s.APIURL, d.APIURL),
		APIVersion:        cmp.Or(s.APIVersion, d.APIVersion),
		AuthorizedParties: firstSet(s.AuthorizedParties, d.AuthorizedParties),
		Audience:          firstSet(s.Audience, d.Audience),
		Issuer:            firstSet(s.Issuer, d.Issuer),
		AcceptsToken:      firstSet(s.AcceptsToken, d.AcceptsToken),
		SessionSync:       cmp.Or(s.SessionSync, d.SessionSync),
		ClockSkew:         cmp.Or(s.ClockSkew, d.ClockSkew),
		OutageGrace:       cmp.Or(s.OutageGrace, d.OutageGrace),
		Domain:            cmp.Or(s.Domain, d.Domain),
		IsSatellite:       s.IsSatellite || d.IsSatellite,
		SatelliteAutoSync: s.SatelliteAutoSync || d.SatelliteAutoSync,
		OrganizationSync:  cmp.Or(s.OrganizationSync, d.OrganizationSync),
		ProxyURL:          cmp.Or(s.ProxyURL, d.ProxyURL),
		SignInURL:         cmp.Or(s.SignInURL, d.SignInURL),
		SignUpURL:         cmp.Or(s.SignUpURL, d.SignUpURL),
	}
}

func (s Settings) withoutKeys() Settings {
	s.PublishableKey, s.SecretKey, s.MachineSecretKey, s.JWTKey, s.JWKSURL = "", "", "", "", ""
	return s
}

func firstSet(lists ...[]string) []string {
	for _, list := range lists {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// environment gives the settings that Clerk's SDKs read from the environment.
func environment() Settings {
	return Settings{
		PublishableKey:   os.Getenv("CLERK_PUBLISHABLE_KEY"),
		SecretKey:        os.Getenv("CLERK_SECRET_KEY"),
		MachineSecretKey: os.Getenv("CLERK_MACHINE_SECRET_KEY"),
		JWTKey:           os.Getenv("CLERK_JWT_KEY"),
		APIURL:           os.Getenv("CLERK_API_URL"),
	}
}
