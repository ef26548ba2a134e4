// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"
	"encoding/json"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

var machineCalls = []apiCall{
	{reference: `machines.create({ name: "Söhne", scopedMachines: ["mch_2"], defaultTokenTtl: 60 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Machines.Create(ctx, backendapi.CreateMachineParams{Name: "Söhne", ScopedMachines: []string{"mch_2"}, DefaultTokenTTL: some(60)})
	}},
	{reference: `machines.list({ query: "a+b", orderBy: "-name" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Machines.List(ctx, backendapi.ListMachinesParams{Query: some("a+b"), OrderBy: some("-name")})
	}},
	{reference: `machines.rotateSecretKey({ machineId: "mch_1", previousTokenTtl: 0 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Machines.RotateSecretKey(ctx, "mch_1", backendapi.RotateMachineSecretKeyParams{PreviousTokenTTL: 0})
	}},
	{reference: `machines.createScope("mch_1", "mch_2")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Machines.CreateScope(ctx, "mch_1", backendapi.CreateMachineScopeParams{ToMachineID: "mch_2"})
	}},
	{reference: `machines.deleteScope("mch_1", "mch_2")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.Machines.DeleteScope(ctx, "mch_1", "mch_2")
	}},
	{
		reference: `m2m.createToken({ secondsUntilExpiration: 60, claims: { camelKey: { innerKey: 1 } }, minRemainingTtlSeconds: 5, tokenFormat: "jwt" })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.M2MTokens.Create(ctx, backendapi.CreateM2MTokenParams{
				SecondsUntilExpiration: some(60), Claims: json.RawMessage(`{"camelKey":{"innerKey":1}}`), MinRemainingTTLSeconds: some(5),
				TokenFormat: some(backendapi.M2MTokenFormatJWT),
			})
		},
	},
	{reference: `m2m.createToken()`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.M2MTokens.Create(ctx, backendapi.CreateM2MTokenParams{})
	}, differs: speltDefaults("seconds_until_expiration", "claims", "token_format")},
	{reference: `m2m.list({ subject: "mch_1", revoked: true, limit: 10 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.M2MTokens.List(ctx, backendapi.ListM2MTokensParams{Subject: "mch_1", Revoked: some(true), Limit: some(10)})
	}},
	{reference: `m2m.revokeToken({ m2mTokenId: "mt_1", revocationReason: "lost" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.M2MTokens.Revoke(ctx, "mt_1", backendapi.RevokeM2MTokenParams{RevocationReason: some("lost")})
	}},
	{reference: `m2m.verify({ token: "mt_secret" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.M2MTokens.Verify(ctx, "mt_secret")
	}},
	{
		reference: `apiKeys.create({ name: "K", subject: "user_1", scopes: ["a:read", "b write"], claims: { camelKey: 1 }, secondsUntilExpiration: null })`,
		ours: func(ctx context.Context, c *backendapi.Client) {
			_, _ = c.APIKeys.Create(ctx, backendapi.CreateAPIKeyParams{
				Name: "K", Subject: "user_1", Scopes: []string{"a:read", "b write"}, Claims: json.RawMessage(`{"camelKey":1}`),
				SecondsUntilExpiration: null[int](),
			})
		},
	},
	{reference: `apiKeys.list({ subject: "user_1", includeInvalid: true, query: "k&k", limit: 2 })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.APIKeys.List(ctx, backendapi.ListAPIKeysParams{Subject: "user_1", IncludeInvalid: some(true), Query: some("k&k"), Limit: some(2)})
	}},
	{reference: `apiKeys.update({ apiKeyId: "ak_1", description: null, scopes: [], claims: null })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.APIKeys.Update(ctx, "ak_1", backendapi.UpdateAPIKeyParams{
			Description: null[string](), Scopes: []string{}, Claims: json.RawMessage(`null`),
		})
	}},
	{reference: `apiKeys.revoke({ apiKeyId: "ak_1" })`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.APIKeys.Revoke(ctx, "ak_1", backendapi.RevokeAPIKeyParams{})
	}, differs: speltDefaults("revocation_reason")},
	{reference: `apiKeys.getSecret("ak_1")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.APIKeys.GetSecret(ctx, "ak_1")
	}},
	{reference: `apiKeys.verify("ak_secret")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.APIKeys.Verify(ctx, "ak_secret")
	}},
	{reference: `idPOAuthAccessToken.verify("oat_secret")`, ours: func(ctx context.Context, c *backendapi.Client) {
		_, _ = c.OAuthAccessTokens.Verify(ctx, "oat_secret")
	}},
}
