// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// leastLifetime is how long kept tokens must still be good for: longer than
// any benchmark takes.
const leastLifetime = 2 * time.Hour

// bearer gives the header line that a program sends a token in. Files of
// requests hold such lines, so that nothing is left to put together while the
// load runs.
func bearer(token string) string { return bearerPrefix + token }

const bearerPrefix = "Authorization: Bearer "

// keepTokens gives a file with as many distinct tokens as are wanted or more.
// Signing takes minutes, so what is there from the last time is used again,
// and only what is missing is signed.
func keepTokens(ctx context.Context, dir string, key *signingKey, want int) (path string, err error) {
	path = filepath.Join(dir, "tokens")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("opening the kept tokens: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	kept, end, err := countTokens(file, key)
	if err != nil {
		return "", fmt.Errorf("reading the kept tokens: %w", err)
	}
	if kept >= want {
		progress("%d kept tokens in %s", kept, path)
		return path, nil
	}
	if err := file.Truncate(end); err != nil {
		return "", fmt.Errorf("shortening the kept tokens: %w", err)
	}
	if _, err := file.Seek(end, io.SeekStart); err != nil {
		return "", fmt.Errorf("going to the end of the kept tokens: %w", err)
	}
	return path, appendTokens(ctx, file, key, kept, want)
}

func appendTokens(ctx context.Context, file io.Writer, key *signingKey, kept, want int) error {
	progress("signing %d tokens, with %d kept", want-kept, kept)
	buffered := bufio.NewWriterSize(file, 1<<20)
	last := time.Now()
	err := key.mint(ctx, want-kept, func(token string) error {
		kept++
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			progress("%d of %d tokens", kept, want)
		}
		_, err := buffered.WriteString(bearer(token) + "\n")
		return err
	})
	// What was signed is kept even when the program is interrupted.
	return errors.Join(err, buffered.Flush())
}

// countTokens tells how many tokens can be used again, and where the last of
// them ends: an interrupted program leaves half a line behind. The first is the
// oldest, and what holds for it holds for all.
func countTokens(file io.Reader, key *signingKey) (count int, end int64, err error) {
	reader := bufio.NewReaderSize(file, 1<<20)
	for {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return count, end, nil
		}
		if err != nil {
			return 0, 0, err
		}
		if count == 0 && !key.isUsable(strings.TrimSpace(string(line))) {
			return 0, 0, nil
		}
		count++
		end += int64(len(line))
	}
}

// isUsable tells whether a line holds a token that this key has signed and
// that is good for long enough.
func (k *signingKey) isUsable(line string) bool {
	token, ok := strings.CutPrefix(line, bearerPrefix)
	parts := strings.Split(token, ".")
	var header tokenHeader
	var claims tokenClaims
	if !ok || len(parts) != 3 || decodePart(parts[0], &header) != nil || decodePart(parts[1], &claims) != nil {
		return false
	}
	return header.KeyID == k.id && claims.AuthorizedParty == authorizedParty && claims.Issuer == issuer &&
		time.Until(time.Unix(claims.Expiry, 0)) >= leastLifetime
}

func decodePart(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// readLines gives the first n lines of a file. What fails is told by the error
// that comes with the last line, which is then empty.
func readLines(path string, n int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield("", err)
			return
		}
		defer file.Close()
		scanner := bufio.NewScanner(file)
		for range n {
			if !scanner.Scan() {
				yield("", fmt.Errorf("expected %d lines in %s, got fewer: %w", n, path, errors.Join(scanner.Err(), io.ErrUnexpectedEOF)))
				return
			}
			if !yield(scanner.Text(), nil) {
				return
			}
		}
	}
}

// writeLines makes a file that only this run needs.
func writeLines(path string, lines iter.Seq2[string, error]) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("making a file of requests: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriterSize(file, 1<<20)
	for line, err := range lines {
		if err != nil {
			return fmt.Errorf("making %s: %w", filepath.Base(path), err)
		}
		if _, err := buffered.WriteString(line + "\n"); err != nil {
			return fmt.Errorf("writing a file of requests: %w", err)
		}
	}
	return buffered.Flush()
}
