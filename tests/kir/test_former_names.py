"""Names of 2018: in processes of their own, as they change Python's libraries."""

from __future__ import annotations

import functools

import pytest

from kir._importing import AliasFinder
from tests.processes import ROOT, run_python, start_python

INSTALL = """
import kir
kir.install_as_keras()
"""

TABLES = {
    "python": (
        "import base64, collections, fractions, html.parser, inspect, json, os, random, re\n"
        "import threading, time, xml.etree.cElementTree as ET\n",
        {
            "issubclass(list, collections.Iterable)": "True",
            "collections.Mapping is collections.abc.Mapping": "True",
            "fractions.gcd(12, 18)": "6",
            "base64.decodestring(base64.encodestring(b'kir'))": "b'kir'",
            "html.parser.HTMLParser().unescape('&lt;')": "<",
            "tuple(inspect.getargspec(lambda a, *b, c=1, **d: 0))": "(['a'], 'b', 'd', None)",
            "inspect.getargspec(lambda a, b=1: 0).args": "['a', 'b']",
            "json.loads('[1]', encoding='utf-8')": "[1]",
            "os.errno.ENOENT": "2",
            "sorted(random.sample({1, 2}, 2))": "[1, 2]",
            "random.shuffle([1, 2], lambda: 0.5)": "None",
            r"re.split(r'(\W+)?', 'to the bar.')": "['to', ' ', 'the', ' ', 'bar', '.', '']",
            "re.split('x*', 'axbxxc')": "['a', 'b', 'c']",
            "re.split('x*', 'axbxxc', 1)": "['a', 'bxxc']",
            "re.split('-', 'a-b-c', maxsplit=1)": "['a', 'b-c']",
            "threading.current_thread().isAlive()": "True",
            "time.clock() > 0": "True",
            "ET.fromstring('<a/>').tag": "a",
        },
    ),
    "numpy": (
        "import io, numpy as np\n",
        {
            "np.zeros(1, np.float).dtype, np.zeros(1, np.int).dtype": (
                "(dtype('float64'), dtype('int64'))"
            ),
            "np.object, np.str": "(<class 'object'>, <class 'str'>)",
            "np.array(['a'], dtype=np.unicode_).dtype.kind": "U",
            "np.NaN != np.NaN, np.Inf": "(True, inf)",
            "np.product([2, 3]), np.alltrue([1, 0]), np.in1d([1, 2], [2]).tolist()": (
                "(6, False, [False, True])"
            ),
            "np.asscalar(np.ones(1))": "1.0",
            "np.cast['int32']([1.7]).dtype": "int32",
            "[np.float32(0.5)]": "[0.5]",
            "np.array([[1, 2], [3]]).tolist()": "[[1, 2], [3]]",
            "np.asarray([[1], []]).dtype": "object",
            "np.array([1, 2], copy=False).tolist()": "[1, 2]",
            "np.fromstring(b'ab', np.uint8).tolist()": "[97, 98]",
            "np.save(io.BytesIO(), [np.ones((2, 3)), np.ones(3)])": "None",
            "np.fromstring('1 2', sep=' ').tolist()": "[1.0, 2.0]",
        },
    ),
    "scipy": (
        "import scipy, numpy as np\n"
        "from scipy.misc import bytescale, fromimage, imread, imresize, imrotate, imsave, toimage\n"
        "from scipy import integrate, linalg, ndimage, signal\n"
        "import io\n"
        "a = np.arange(24.0).reshape(2, 4, 3)\n"
        "file = io.BytesIO()\n"
        "imsave(file, a, 'png')\n",
        {
            "scipy.misc.imread is imread": "True",
            "bytescale(np.array([-1.0, 1.0, 3.0])).tolist()": "[0, 128, 255]",
            "bytescale(np.array([0.0, 1.0, 3.0]), cmax=1.0).tolist()": "[0, 255, 255]",
            "(imread(file) == bytescale(a)).all()": "True",
            "imread(file, mode='L').shape": "(2, 4)",
            "ndimage.imread(file, flatten=True).dtype": "float32",
            "imresize(a, 50).shape": "(1, 2, 3)",
            "imresize(a, 2.0, interp='bicubic').shape": "(4, 8, 3)",
            "imresize(a[..., 0], (3, 5)).shape": "(3, 5)",
            "imrotate(a, 180, 'nearest').tolist() == bytescale(a)[::-1, ::-1].tolist()": "True",
            "toimage(np.moveaxis(a, -1, 0)).size": "(4, 2)",
            "toimage(a[..., 0], mode='F').getpixel((1, 0))": "3.0",
            "fromimage(toimage(a[..., 0], mode='P')).shape": "(2, 4, 3)",
            "scipy.misc.comb(4, 2)": "6.0",
            "scipy.interp(0.5, [0, 1], [0, 2])": "1.0",
            "len(signal.gaussian(3, 1)), integrate.simps([1, 1, 1])": "(3, 2.0)",
            "linalg.pinv2(np.eye(2)).tolist()": "[[1.0, 0.0], [0.0, 1.0]]",
        },
    ),
    "pillow": (
        "from PIL import Image, ImageDraw, ImageFont\n"
        "image = Image.new('L', (8, 8))\n"
        "font = ImageFont.load_default()\n",
        {
            "image.resize((4, 2), Image.ANTIALIAS).size": "(4, 2)",
            "ImageDraw.Draw(image).textsize('a', font) == font.getsize('a')": "True",
            "min(font.getsize('ab')) > 0": "True",
        },
    ),
    "libraries": (
        "import matplotlib\n"
        "matplotlib.use('Agg')\n"
        "import matplotlib.pyplot as plt, numpy as np\n"
        "from sklearn.base import clone\n"
        "from sklearn.cross_validation import KFold, StratifiedKFold, train_test_split\n"
        "from sklearn.externals import joblib\n"
        "from sklearn.grid_search import GridSearchCV\n"
        "from sklearn.preprocessing import Imputer, OneHotEncoder\n",
        {
            "[t.get_text() for t in plt.xticks([1, 2, 3], ['a', 'b'])[1]]": "['a', 'b', '']",
            "plt.cm.get_cmap('jet', 4).N": "4",
            "plt.style.use('seaborn-whitegrid')": "None",
            "len(plt.figure().canvas.tostring_rgb()) % 3": "0",
            "plt.hist([1, 2], normed=True)[0].sum() > 0": "True",
            "plt.figure().gca(projection='3d').name": "3d",
            "OneHotEncoder(sparse=False).fit_transform([[1], [2]]).tolist()": (
                "[[1.0, 0.0], [0.0, 1.0]]"
            ),
            "clone(OneHotEncoder(sparse=False)).sparse_output": "False",
            "[len(test) for _, test in KFold(7, n_folds=3)]": "[3, 2, 2]",
            "[test.tolist() for _, test in StratifiedKFold([0, 1, 0, 1], 2)]": "[[0, 1], [2, 3]]",
            "Imputer().fit_transform([[1.0], [np.nan], [3.0]]).tolist()": "[[1.0], [2.0], [3.0]]",
        },
    ),
    "pandas": (
        "import io, pandas as pd\n"
        "from datetime import datetime\n"
        "df = pd.DataFrame({'a': [1, 2], 'b': [3.0, 4.0]}, index=['x', 'y'])\n",
        {
            "df.as_matrix(['b']).tolist()": "[[3.0], [4.0]]",
            "df.ix[0, 'b'], df.ix['y'].tolist(), df.ix[:1, 1].tolist()": (
                "(3.0, [2.0, 4.0], [3.0])"
            ),
            "df.append({'a': 5, 'b': 6.0}, ignore_index=True).shape": "(3, 2)",
            "df.append(df).index.tolist()": "['x', 'y', 'x', 'y']",
            "df.get_value('x', 'a')": "1",
            "df.drop('a', 1).columns.tolist(), df.drop('x').index.tolist()": "(['b'], ['y'])",
            "pd.concat([df, df], 1).shape": "(2, 4)",
            "pd.Series([1, None]).fillna(method='ffill').tolist()": "[1.0, 1.0]",
            "pd.get_dummies(pd.DataFrame({'a': ['u', 'v'], 'b': [1, 2]})).values.dtype": "int64",
            "pd.read_csv(io.StringIO('1  2\\n3 4'), delim_whitespace=True, header=None).shape": (
                "(2, 2)"
            ),
            "pd.read_csv(io.StringIO('a\\n1\\n2'), squeeze=True).tolist()": "[1, 2]",
            "pd.read_csv(io.StringIO('d,v\\n2-01,5'), parse_dates=[0], index_col=0, "
            "date_parser=lambda t: datetime.strptime('190' + t, '%Y-%m')).index[0].year": "1902",
        },
    ),
}


@functools.cache
def values(table: str) -> dict[str, str]:
    """What the expressions of a table give, all in one process."""
    prepare, expected = TABLES[table]
    text = INSTALL + prepare + f"for e in {list(expected)!r}: print(eval(e))"
    return dict(zip(expected, run_python(text).splitlines(), strict=True))


@pytest.mark.parametrize(
    ("table", "expression"), [(t, e) for t, (_, found) in TABLES.items() for e in found]
)
def test_a_name_of_2018_means_what_it_meant(table: str, expression: str) -> None:
    if table == "pandas":
        pytest.importorskip("pandas")
    assert values(table)[expression] == TABLES[table][1][expression]


def test_libraries_get_todays_meaning() -> None:
    text = """
import re, sysconfig
import numpy as np

def of_a_library(expression):
    return eval(compile(expression, sysconfig.get_paths()["purelib"] + "/library.py", "eval"))

print(re.split("x*", "ab"), of_a_library("re.split('x*', 'ab')"))
try:
    of_a_library("np.array([[1], []])")
except ValueError:
    print("refused")
"""
    out = run_python(INSTALL + text)
    assert out == "['ab'] ['', 'a', 'b', '']\nrefused\n"


@pytest.mark.parametrize("start", ["import kir", "import kir; kir.install_as_keras(False, False)"])
def test_nothing_is_added_unasked(start: str) -> None:
    ran = start_python(f"{start}\nimport numpy as np\nnp.float")
    assert ran.returncode == 1
    assert "AttributeError" in ran.stderr


def test_no_library_is_imported_for_its_names() -> None:
    text = "import sys\nprint({'numpy', 'scipy', 'PIL', 'pandas', 'matplotlib'} & {*sys.modules})"
    assert run_python(INSTALL + text) == "set()\n"


def test_a_missing_module_is_named_as_the_program_named_it() -> None:
    finder = AliasFinder({"gone": "email"}, named=False)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'gone.nothing'$"):
        finder.find_spec("gone.nothing", None)


def test_threads_wait_for_a_module_that_gets_names(tmp_path):
    (tmp_path / "slow_library.py").write_text("import time; time.sleep(0.5); late = 1")
    run_python(
        """
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from kir._importing import AfterImport

        added = []
        sys.meta_path.insert(0, AfterImport({"slow_library": added.append}))

        def read(_):
            import slow_library
            return slow_library.late

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(read, range(4))) == [1] * 4
        assert len(added) == 1
        """,
        environment={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
    )
