"""What a user can do about a run that failed: one sentence per reason code."""

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "OutOfMemory": (
        "Lower Batch Size (raise Batch Multiplier to keep the effective size), choose smaller images, "
        "a smaller Architecture or 16-bit precision, or stop what else uses the device."
    ),
    "NonFiniteLoss": (
        "Lower the Learning Rate, add warm-up epochs, or use 32-bit precision; "
        "then look whether the labels and the normalisation are right."
    ),
    "DiskFull": "Free space on the workspace's disk, for example by deleting old experiments, then press Resume.",
    "DatasetMissing": "Put the images back where they were, or import the data set again, then press Restart.",
    "DatasetChanged": "Restore the changed files, or import the data set again and make a new split.",
    "CorruptImage": "Replace or remove the image that the message names, then import the data set again.",
    "DataLoaderKilled": "Lower Num Workers and Batch Size: the machine most likely ran out of memory or shared memory.",
    "DeviceLost": (
        "Press Resume once nvidia-smi shows the GPU again (dmesg tells of its errors), or train a copy on another one."
    ),
    "WeightsUnavailable": (
        "Put the weights file that the message names into the folder of --weights-dir, or switch Pretrained off."
    ),
    "StartFailed": "Look for the first error in the run's log: most often the installation or the device is at fault.",
    "WorkerLost": "Press Resume to go on from the last checkpoint; if it happens again, look for memory shortage.",
    "Mismatch": "Change the setting that the message names, then start the experiment again.",
}
