"""All that visitors see of us: banner, preferences, placeholders, and the scripts behind them."""
