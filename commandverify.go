// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func (c *console) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [--config <path> [--gate <name>] | --jwt-key <pem or file> | --jwks-url <url>] [--json] <token | ->",
		Short: "Explains a token check by check",
		Long: `
Explains what becomes of a token at each gate of the configuration: its size and
form, what it says, the key it is held against, and every rule it goes through.
Checks that come after the one that refuses it are shown too, as far as they can
be made. What refuses the token, and what to do about it, stands at the end.

The token is an argument, or - for standard input, which keeps it out of the
shell's history and of the list of processes. "Bearer" before it does no harm.

The keys are those of the gate: the Backend API's with the secret key, the
Frontend API's, or the ones that are configured. With --jwt-key or --jwks-url
alone, the token is held against that key and the clock, and against nothing
else.

Gates that judge tokens alike are told of once. --gate takes one of several: its
number, or a part of its name.

Whether a session or a machine token was revoked, a token does not tell. API keys
and the other tokens that are no JWTs can only be verified by asking Clerk, as a
gate does; this command does not.

The exit status is 0 if every gate that was asked accepts the token.`,
		Example: `  $ caddy clerk verify --config /etc/caddy/Caddyfile - < token
  $ pbpaste | caddy clerk verify --jwks-url https://clerk.example.com/.well-known/jwks.json -
  $ caddy clerk verify --json --gate admin.example.com "$TOKEN" | jq -r '.gates[0].reason'`,
		RunE: c.run(c.verify),
	}
	cmd.Flags().String("jwt-key", "", "The instance's public key, in PEM or as a file")
	cmd.Flags().String("jwks-url", "", "Where the instance's key set is")
	cmd.Flags().String("gate", "", "The gate to ask: its number, or a part of its name")
	return cmd
}

// tokenReport is what is printed of a token.
type tokenReport struct {
	Size     int               `json:"size"`
	Header   []verifier.Member `json:"header,omitempty"`
	Claims   []verifier.Member `json:"claims,omitempty"`
	Gates    []gateVerdict     `json:"gates"`
	Accepted bool              `json:"accepted"`
}

// gateVerdict is what becomes of it at a gate.
type gateVerdict struct {
	Gate     string           `json:"gate"`
	Keys     string           `json:"keys"`
	Checks   []verifier.Check `json:"checks"`
	Accepted bool             `json:"accepted"`
	// Reason and Remedy are empty for a token that is accepted.
	Reason string `json:"reason,omitempty"`
	Remedy string `json:"remedy,omitempty"`

	// proven tells that the signature is good.
	proven bool
}

func (c *console) verify(cmd *cobra.Command, args []string) (bool, error) {
	token, err := c.readToken(args)
	if err != nil {
		return false, err
	}
	gates, err := c.judges(cmd, args)
	if err != nil {
		return false, err
	}
	report := tokenReport{Accepted: true}
	for _, judge := range distinct(gates) {
		verdict, explanation := c.judge(cmd.Context(), judge, token)
		report.Size, report.Header, report.Claims = explanation.Size, explanation.Header, explanation.Claims
		report.Gates = append(report.Gates, verdict)
		report.Accepted = report.Accepted && verdict.Accepted
	}
	secrets := append(secretsOf(gates), secretsOfToken(token)...)
	if (caddycmd.Flags{FlagSet: cmd.Flags()}).Bool("json") {
		return report.Accepted, c.printJSON(secrets, report)
	}
	return report.Accepted, c.print(secrets, c.tokenText(report))
}

// maxTokenInput is how many bytes are read for a token: more than any that is
// not refused for its size.
const maxTokenInput = 4 * verifier.MaxTokenSize

func (c *console) readToken(args []string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("expected one token, or - for standard input, got %d arguments", len(args))
	}
	text := args[0]
	if text == "-" {
		data, err := io.ReadAll(io.LimitReader(c.in, maxTokenInput))
		if err != nil {
			return "", fmt.Errorf("reading the token: %w", err)
		}
		text = string(data)
	}
	text = strings.TrimSpace(text)
	if name, rest, ok := strings.Cut(text, " "); ok && strings.EqualFold(strings.TrimPrefix(name, "Authorization:"), "bearer") {
		text = strings.TrimSpace(rest)
	}
	if text == "" {
		return "", errors.New("expected a token, got nothing")
	}
	return text, nil
}

// secretsOfToken keeps the token, and its signature, out of what is printed.
func secretsOfToken(token string) hiddenSecrets {
	var h hiddenSecrets
	for _, part := range []string{token, token[strings.LastIndexByte(token, '.')+1:]} {
		if len(part) >= 2*shortestHidden {
			h = append(h, part)
		}
	}
	return h
}

// judges gives the gates that a token is to be held against.
func (c *console) judges(cmd *cobra.Command, args []string) ([]configuredGate, error) {
	flags := caddycmd.Flags{FlagSet: cmd.Flags()}
	pem, url, config, chosen := flags.String("jwt-key"), flags.String("jwks-url"), flags.String("config"), flags.String("gate")
	if config == "-" && args[0] == "-" {
		return nil, errors.New("--config: expected a file, since the token is read from standard input")
	}
	if pem == "" && url == "" {
		found, err := c.configured(cmd)
		if err != nil {
			return nil, err
		}
		gates := slices.DeleteFunc(found.gates, func(g configuredGate) bool { return g.unused })
		if len(gates) == 0 && config == "" {
			gates, err = gatesOfEnvironment()
		} else if len(gates) == 0 {
			err = errors.New("expected a " + directive + " to hold the token against, got none in the configuration; " +
				"for a key alone, say --jwks-url or --jwt-key")
		}
		if err != nil {
			return nil, err
		}
		if chosen == "" {
			return gates, nil
		}
		return choose(gates, chosen)
	}
	if config != "" || chosen != "" {
		return nil, errors.New("--jwt-key, --jwks-url: expected neither --config nor --gate beside them")
	}
	return []configuredGate{{kind: "the key alone", own: Settings{
		JWTKey: pem, JWKSURL: url,
		// Of machine tokens too there is nothing to demand but a signature, and
		// sessions take a publishable key only for what is not demanded.
		AcceptsToken: []string{authstate.M2MToken},
	}}}, nil
}

// choose gives the gates with a number or a part of their name.
func choose(gates []configuredGate, chosen string) ([]configuredGate, error) {
	if number, err := strconv.Atoi(chosen); err == nil {
		if number < 1 || number > len(gates) {
			return nil, fmt.Errorf("--gate: expected a number from 1 to %d, got %d", len(gates), number)
		}
		return gates[number-1 : number], nil
	}
	matching := slices.DeleteFunc(slices.Clone(gates), func(g configuredGate) bool { return !strings.Contains(g.String(), chosen) })
	if len(matching) > 0 {
		return matching, nil
	}
	names := make([]string, 0, len(gates))
	for i, g := range gates {
		names = append(names, fmt.Sprintf("%d: %s", i+1, g.String()))
	}
	return nil, fmt.Errorf("--gate: expected a part of a gate's name, got %q; there are %s", shorten(chosen), strings.Join(names, "; "))
}

// tokenText writes a report for people.
func (c *console) tokenText(report tokenReport) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s  %d bytes\n", c.bold("Token"), report.Size)
	c.writeMembers(&text, "Header", report.Header)
	claims := "Claims"
	if !slices.ContainsFunc(report.Gates, func(v gateVerdict) bool { return v.proven }) {
		claims += ", which nobody vouches for"
	}
	c.writeMembers(&text, claims, report.Claims)
	for _, verdict := range report.Gates {
		fmt.Fprintf(&text, "\n%s\n  keys from %s\n", c.bold(oneLine(verdict.Gate)), oneLine(verdict.Keys))
		for _, check := range verdict.Checks {
			fmt.Fprintf(&text, "  %s %-16s  %s\n", c.result(resultWord[check.Result]), check.Name, oneLine(check.Finding))
		}
		if verdict.Accepted {
			fmt.Fprintf(&text, "  %s\n", c.color(resultColors["ok"], "accepted"))
			continue
		}
		fmt.Fprintf(&text, "  %s\n", c.color(resultColors["failed"], "refused: "+oneLine(verdict.Reason)))
		if verdict.Remedy != "" {
			fmt.Fprintf(&text, "  what to do: %s\n", oneLine(verdict.Remedy))
		}
	}
	return text.String()
}

// resultWord is how people are told how a check ended.
var resultWord = map[verifier.CheckResult]string{
	verifier.CheckPassed: "ok", verifier.CheckFailed: "failed", verifier.CheckOff: "off", verifier.CheckSkipped: "skipped",
}

func (c *console) writeMembers(text *strings.Builder, title string, members []verifier.Member) {
	if len(members) == 0 {
		return
	}
	fmt.Fprintf(text, "%s\n", c.bold(title))
	names := 0
	for _, m := range members {
		names = max(names, len(m.Name))
	}
	for _, m := range members {
		note := ""
		if m.Note != "" {
			note = c.color(resultColors["off"], "  ("+m.Note+")")
		}
		fmt.Fprintf(text, "  %-*s  %s%s\n", names, m.Name, m.Value, note)
	}
}
