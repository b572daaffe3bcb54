package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

// pageFlags are the flags of a list.
type pageFlags struct {
	limit  int
	cursor string
}

const pageLimitMax = 100

func (p *pageFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&p.limit, "limit", pageLimitMax, "how many at most, 1 to 100")
	cmd.Flags().StringVar(&p.cursor, "cursor", "", "go on where a list ended: what it said last")
}

func (p *pageFlags) check() error {
	if p.limit < 1 || p.limit > pageLimitMax {
		return errors.New("--limit: expected 1 to 100")
	}
	return nil
}

func (p *pageFlags) path(path string) string {
	query := url.Values{"limit": {strconv.Itoa(p.limit)}}
	if p.cursor != "" {
		query.Set("cursor", p.cursor)
	}
	return path + "?" + query.Encode()
}

// page is a page of a list.
type page[T any] struct {
	Data []T    `json:"data"`
	Next string `json:"next"`
}

func readPage[T any](ctx context.Context, client *walletClient, path string) (*page[T], error) {
	answer, err := client.get(ctx, path)
	if err != nil {
		return nil, err
	}
	var p page[T]
	return &p, answer.read(&p)
}

// sayMore says how to see the next page, where there is one.
func (p *page[T]) sayMore(stderr io.Writer) error {
	if p.Next == "" {
		return nil
	}
	_, err := fmt.Fprintf(stderr, "there is more: --cursor %s\n", p.Next)
	return err
}
