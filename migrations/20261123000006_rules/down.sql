DROP TABLE rule_backtest, rule_draft_author, rule_draft_file, rule_draft, rule_release, rule_file, rule_bundle;
